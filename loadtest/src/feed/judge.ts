import type { ServerCounters } from './counters.ts';
import { type EventShape, type Placement, type ServerShare, sentBy, shareOfServers, toEdge } from './model.ts';
import type { Measured } from './point.ts';

/** A measured figure beside the model's. */
export interface Comparison {
  readonly what: string;
  readonly measured: number;
  readonly model: number;
  /** 0.01 is one percent. */
  readonly deviation: number;
  readonly limit: number;
}

/** What came of one point. */
export interface Verdict {
  readonly measured: Measured;
  readonly shape: EventShape;
  readonly appendsPerEvent: number;
  readonly comparisons: readonly Comparison[];
  /** Of the servers, for one event, without what they use at rest. */
  readonly cpuSecPerEvent: number;
  readonly faults: readonly string[];
}

/** What the servers send and use in a second in which nothing is published. */
export type Rest = readonly ServerCounters[];

// What an edge gets is a sum of known texts. In the whole there is more at work, and some of it beside the events; a small part
// of the whole, as the copies of few events, may be further off.
const EDGE_LIMIT = 0.01;
const WHOLE_LIMIT = 0.05;
const PART_LIMIT = 0.1;
// A part that is less than this of the whole is held against so much of it.
const SMALL_PART = 0.02;
const MOST_LAG_SEC = 2;

/** Whether a comparison is within its limit. */
export const holds = ({ deviation, limit }: Comparison): boolean => Math.abs(deviation) <= limit;

/** @param base what the difference is a share of, where that is not the model's figure. */
export function compare(
  what: string,
  measured: number,
  model: number,
  limit: number,
  base: number = model,
): Comparison {
  return { what, measured, model, deviation: base === 0 ? 0 : (measured - model) / base, limit };
}

/** Bytes are of one event, from all servers where nothing else is said. */
export function judgePoint(measured: Measured, shape: EventShape, rest: Rest): Verdict {
  const { edges, leader, point, real, seconds, servers } = measured;
  const { events } = point;
  const beyond = (server: ServerCounters, index: number, field: (counters: ServerCounters) => number): number =>
    (field(server) - field(rest[index] as ServerCounters) * seconds) / events;
  const sum = (field: (counters: ServerCounters) => number): number =>
    servers.reduce((all, server, index) => all + beyond(server, index, field), 0);

  const leads = servers.findIndex(({ name }) => name === leader);
  const followers = servers.flatMap((_, index) => (index === leads ? [] : index));
  const appends = servers[leads] === undefined ? 0 : beyond(servers[leads], leads, (each) => each.systemMessages);
  const appendsPerEvent = Math.max(0.01, appends / Math.max(1, followers.length));
  const placement: Placement = {
    edgesOn: servers.map(({ name }) => measured.placed[name] ?? 0),
    leader: leads,
    followers,
    entrance: servers.findIndex(({ name }) => name === measured.entrance),
    appendsPerEvent,
  };
  const shares = shareOfServers(shape, placement);
  const modelled = (field: (share: ServerShare) => number): number =>
    shares.reduce((all, share) => all + field(share), 0);

  const perEdge = edges.reduce((all, { bytes }) => all + bytes, 0) / Math.max(1, edges.length) / events;
  const whole = modelled(sentBy);
  const part = (what: string, read: (each: ServerCounters) => number, reckon: (share: ServerShare) => number) => {
    const model = modelled(reckon);
    return compare(what, sum(read), model, PART_LIMIT, Math.max(model, whole * SMALL_PART));
  };
  const comparisons = [
    compare('to an edge', perEdge, toEdge(shape).sent, EDGE_LIMIT),
    compare('to the real edge, as its server counts', real.bytes / events, toEdge(shape).counted, EDGE_LIMIT),
    part(
      'routes',
      (each) => each.routeBytes,
      (share) => share.routes.counted,
    ),
    part(
      'copies',
      (each) => each.systemBytes,
      (share) => share.copies.counted,
    ),
    part(
      'to clients',
      (each) => each.clientBytes,
      (share) => share.clients.counted,
    ),
  ];
  const mean = whole / servers.length;
  const hasKernel = servers.every(({ kernel }) => kernel !== undefined);
  if (hasKernel) {
    const inAll = ({ kernel }: ServerCounters): number => (kernel?.clientBytes ?? 0) + (kernel?.routeBytes ?? 0);
    comparisons.push(compare('all that is sent, by the kernel', sum(inAll), whole, WHOLE_LIMIT));
    // A server without edges sends next to nothing: it is compared with the others.
    for (const [index, server] of servers.entries()) {
      const own = sentBy(shares[index] as ServerShare);
      const sent = beyond(server, index, inAll);
      comparisons.push(compare(`sent by ${server.name}`, sent, own, WHOLE_LIMIT, Math.max(own, mean)));
    }
  }
  const lagSec = Math.max(measured.lagSec, measured.drainSec);
  const other = real.messages === events ? [] : [`the real edge was sent ${real.messages} events, and not ${events}`];
  const late = lagSec > MOST_LAG_SEC ? [`edges were ${lagSec.toFixed(1)} s behind: the machine was saturated`] : [];
  return {
    measured,
    shape,
    appendsPerEvent,
    comparisons,
    cpuSecPerEvent: sum(({ cpuSec }) => cpuSec),
    faults: [...measured.faults, ...other, ...late],
  };
}
