import { toMarkdown } from '../report/markdown.ts';
import type { Beats } from './beats.ts';
import { type Comparison, holds, type Verdict } from './judge.ts';
import { MANNER_WORDS } from './point.ts';

/** As the documents say it so far: what an edge gets beyond the payload. */
const RECKONED_BEFORE_BYTES = 236;

const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(2)}%`;
const bytes = (value: number): string => value.toFixed(1);

/** One row a point: what was measured, and how far from the model. */
export function toPointTable(verdicts: readonly Verdict[]): string {
  const head = [
    'edges',
    'payload',
    'events/s',
    'topic',
    'to an edge, measured',
    'model',
    'deviation',
    'by payload + 236',
    'routes',
    'copies',
    'all, by the kernel',
    'worst server',
    'behind',
  ];
  const rows = verdicts.map((verdict) => {
    const { comparisons, measured, shape } = verdict;
    const { point } = measured;
    const find = (what: string): Comparison | undefined => comparisons.find((each) => each.what === what);
    const edge = find('to an edge') as Comparison;
    const apart = (what: string): string => {
      const found = find(what);
      return found === undefined ? '-' : percent(found.deviation);
    };
    const servers = comparisons.filter(({ what }) => what.startsWith('sent by '));
    const worst = servers.reduce((most, { deviation }) => (Math.abs(deviation) > Math.abs(most) ? deviation : most), 0);
    return [
      `${point.edges}`,
      `${point.payloadBytes} B${point.event === undefined ? '' : ', named, keyed'}`,
      `${point.eventsPerSec} ${MANNER_WORDS[point.manner]}`,
      `${(shape.addressBytes - 'default.'.length).toFixed(0)} B`,
      `${bytes(edge.measured)} B`,
      `${bytes(edge.model)} B`,
      percent(edge.deviation),
      percent(edge.measured / (point.payloadBytes + RECKONED_BEFORE_BYTES) - 1),
      apart('routes'),
      apart('copies'),
      apart('all that is sent, by the kernel'),
      servers.length === 0 ? '-' : percent(worst),
      `${Math.max(measured.lagSec, measured.drainSec).toFixed(2)} s`,
    ];
  });
  return toMarkdown([head, ...rows]);
}

/** What the servers used for each point. */
export function toCostTable(verdicts: readonly Verdict[]): string {
  const head = [
    'edges',
    'payload',
    'events/s',
    'CPU an event',
    'CPU a delivery',
    'events a round of copies',
    'messages a segment',
    'memory of a server',
  ];
  const rows = verdicts.map(({ measured, cpuSecPerEvent, appendsPerEvent }) => {
    const { point, servers } = measured;
    const messages = servers.reduce((sum, each) => sum + each.clientMessages, 0);
    const segments = servers.reduce((sum, { kernel }) => sum + (kernel?.clientSegments ?? 0), 0);
    const rss = servers.reduce((most, each) => Math.max(most, each.rssBytes), 0);
    return [
      `${point.edges}`,
      `${point.payloadBytes} B`,
      `${point.eventsPerSec} ${MANNER_WORDS[point.manner]}`,
      `${(cpuSecPerEvent * 1e6).toFixed(0)} µs`,
      `${((cpuSecPerEvent / point.edges) * 1e6).toFixed(1)} µs`,
      (1 / appendsPerEvent).toFixed(1),
      segments === 0 ? '' : (messages / segments).toFixed(1),
      `${(rss / 1e6).toFixed(0)} MB`,
    ];
  });
  return toMarkdown([head, ...rows]);
}

export function toBeatTable(beats: readonly Beats[]): string {
  const head = [
    'processes',
    'heard by each',
    'model',
    'deviation',
    'between servers',
    'messages/s',
    'CPU each',
    'CPU of all servers',
  ];
  const rows = beats.map(({ processes, heard, routed, deliveredPerSec, cpuSecPerDelivery }) => [
    `${processes}`,
    `${(heard.measured / 1000).toFixed(2)} kB/s`,
    `${(heard.model / 1000).toFixed(2)} kB/s`,
    percent(heard.deviation),
    percent(routed.deviation),
    deliveredPerSec.toFixed(0),
    `${(cpuSecPerDelivery * 1e6).toFixed(1)} µs`,
    `${(cpuSecPerDelivery * deliveredPerSec * 100).toFixed(1)}% of a core`,
  ]);
  return toMarkdown([head, ...rows]);
}

/** What does not hold, in words; nothing when all does. */
export function findFailures(verdicts: readonly Verdict[], beats: readonly Beats[]): string[] {
  const words = (where: string, comparisons: readonly Comparison[]): string[] =>
    comparisons
      .filter((each) => !holds(each))
      .map(
        ({ what, measured, model, deviation, limit }) =>
          `${where}: ${what} ${bytes(measured)} B, and ${bytes(model)} B by the model: ${percent(deviation)}, beyond ${percent(limit)}`,
      );
  return [
    ...verdicts.flatMap(({ measured: { point }, comparisons, faults }) => {
      const where = `${point.edges} edges, ${point.payloadBytes} B, ${point.eventsPerSec} events/s`;
      return [...faults.map((fault) => `${where}: ${fault}`), ...words(where, comparisons)];
    }),
    ...beats.flatMap(({ processes, heard, routed, faults }) => {
      const where = `beats of ${processes}`;
      return [...faults.map((fault) => `${where}: ${fault}`), ...words(where, [heard, routed])];
    }),
  ];
}
