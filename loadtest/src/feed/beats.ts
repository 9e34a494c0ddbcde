import { setTimeout as pause } from 'node:timers/promises';
import type { NatsCluster, NatsServer } from '@tidings/broker/testing';
import { difference, readCounters } from './counters.ts';
import { type Comparison, compare, type Rest } from './judge.ts';
import { type LightClient, openLightClient } from './light-client.ts';
import { edgeBeat, heardBeat, ingestBeat } from './model.ts';
import { findStrangers, readConnections } from './subscriptions.ts';

/** What processes that know each other cost. */
export interface Beats {
  readonly processes: number;
  /** Bytes a second that one process hears. */
  readonly heard: Comparison;
  /** Bytes a second of headers and payloads between all servers, as they count. */
  readonly routed: Comparison;
  readonly deliveredPerSec: number;
  readonly cpuSecPerDelivery: number;
  readonly faults: readonly string[];
}

const CONTROL = ' control';
const REAL = `tidings edge${CONTROL}`;
const LIGHT = 'light edge control';
const BEAT_MS = 1_000;
const LIMIT = 0.1;
// Those that are there: one edge and one ingest.
const REAL_PROCESSES = 2;
const NAMES = ['revocations-reached', 'sessions', 'presence', 'session', 'session-close', 'session-change'];

const toId = (index: number): string => index.toString(36).padStart(8, '0');

// What a real edge subscribes to, as if it were of this id; beats first, as there.
function subjectsFor(model: readonly string[], id: string): string[] {
  return model
    .map((subject) =>
      subject
        .replace(/^(ctl\.node\.\w+\.(?:ask|answer))\.[0-9a-z]{8}$/, `$1.${id}`)
        .replace(/^(_INBOX_\w+)\.\w+(\w\w)\.\*$/, `$1.${id}$2.*`),
    )
    .sort((one, other) => Number(other.includes('.beat.')) - Number(one.includes('.beat.')));
}

/** Lets so many processes be there, the real ones among them, and measures what their beats bring. */
export async function measureBeats(
  { servers }: NatsCluster,
  processes: number,
  durationMs: number,
  rest: Rest,
): Promise<Beats> {
  const there = await readConnections(servers);
  const model = there.find(({ name }) => name === REAL)?.subjects ?? [];
  const listening = new Set(there.filter(({ name }) => name.endsWith(CONTROL)).map(({ server }) => server)).size;
  const clients: LightClient[] = [];
  const timers: NodeJS.Timeout[] = [];
  let said = 0;
  try {
    for (let index = 0; index < processes - REAL_PROCESSES; index += 1) {
      const id = toId(index);
      const { port } = servers[index % servers.length] as NatsServer;
      const client = await openLightClient({ port, name: LIGHT, subjects: subjectsFor(model, id) });
      clients.push(client);
      let count = 0;
      const say = (): void => {
        count += 1;
        said += 1;
        client.publish(`ctl.node.edge.beat.${id}`, JSON.stringify({ from: id, count, names: NAMES }));
      };
      // Each at a time of its own within the second, as processes that started one after the other.
      timers.push(setTimeout(() => timers.push(setInterval(say, BEAT_MS)), (BEAT_MS * index) / processes));
    }
    await pause(2 * BEAT_MS);
    const faults = findStrangers(await readConnections(servers), REAL, LIGHT);
    const before = await readCounters(servers);
    const saidBefore = said;
    const heardBefore = clients.map(({ counter }) => ({ bytes: counter.messageBytes, messages: counter.messages }));
    await pause(durationMs);
    const counters = (await readCounters(servers)).map((now, at) => difference(now, before[at] as typeof now));
    const seconds = (counters[0]?.atMs ?? 0) / 1000;
    const saidPerSec = (said - saidBefore) / seconds;
    const heardBytes = clients.reduce(
      (sum, { counter }, at) => sum + counter.messageBytes - (heardBefore[at]?.bytes ?? 0),
      0,
    );
    const messages = clients.reduce(
      (sum, { counter }, at) => sum + counter.messages - (heardBefore[at]?.messages ?? 0),
      0,
    );
    const accidents = clients.flatMap(({ accident }) => accident ?? []);

    // As many as were said: timers of a busy process come late. The counts of the simulated have one digit, of the real ones more.
    const edge = edgeBeat(1);
    const [realEdge, realIngest] = [edgeBeat(3), ingestBeat(3)];
    const perSec = heardBeat(edge).sent * saidPerSec + heardBeat(realEdge).sent + heardBeat(realIngest).sent;
    // The real ones' go to servers now where nobody listened while the others were not there.
    const newlyRouted = (realEdge.bytes + realIngest.bytes) * (servers.length - Math.max(1, listening));
    const perSecRouted = saidPerSec * (servers.length - 1) * edge.bytes + newlyRouted;
    const routed = counters.reduce((sum, each, at) => sum + each.routeBytes / seconds - (rest[at]?.routeBytes ?? 0), 0);
    const cpuSec = counters.reduce((sum, each, at) => sum + each.cpuSec - (rest[at]?.cpuSec ?? 0) * seconds, 0);
    const delivered = counters.reduce((sum, each) => sum + each.clientMessages, 0);
    return {
      processes,
      heard: compare('beats heard by a process', heardBytes / seconds / clients.length, perSec, LIMIT),
      routed: compare('beats between servers', routed, perSecRouted, LIMIT),
      deliveredPerSec: messages / seconds,
      cpuSecPerDelivery: cpuSec / delivered,
      faults: [...faults, ...(accidents.length > 0 ? [`${accidents.length} processes lost their connection`] : [])],
    };
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const client of clients) client.close();
  }
}
