import { setTimeout as pause } from 'node:timers/promises';
import type { NatsCluster } from '@tidings/broker/testing';
import type { Target } from '../generator/target.ts';
import { difference, readCounters, type ServerCounters } from './counters.ts';
import { type Fleet, LIGHT_FEED, REAL_FEED } from './fleet.ts';
import { type Connection, readConnections } from './subscriptions.ts';
import { type EventPlan, type Pace, publish } from './traffic.ts';

/** How events come: in requests of many, one a request close together, or one a request and far apart. */
export type Manner = 'bursts' | 'close' | 'apart';

export const MANNER_WORDS: Readonly<Record<Manner, string>> = {
  bursts: 'in bursts',
  close: 'one by one',
  apart: 'one by one, far apart',
};

/** One load: so many edges, such events, at such a pace. */
export interface Point extends EventPlan, Pace {
  /** How the events come; decides which points are compared for what they cost. */
  readonly manner: Manner;
  /** The real one included. */
  readonly edges: number;
}

/** What came of one point; counters are what was added during it. */
export interface Measured {
  readonly point: Point;
  readonly seconds: number;
  /** Of each edge that is simulated: events, and their bytes as TCP brought them. */
  readonly edges: readonly { readonly messages: number; readonly bytes: number }[];
  /** Of the real edge's feed, as its server counts: headers and payloads. */
  readonly real: { readonly messages: number; readonly bytes: number };
  readonly servers: readonly ServerCounters[];
  /** On how many servers' live connections edges are, and how many on each. */
  readonly placed: Readonly<Record<string, number>>;
  readonly leader: string;
  /** The server that the ingest publishes to. */
  readonly entrance: string;
  /** The furthest that the slowest edge was behind what was accepted, in seconds of events. */
  readonly lagSec: number;
  /** From the last event's acceptance until all edges had everything. */
  readonly drainSec: number;
  readonly lateRequests: number;
  readonly faults: readonly string[];
}

export interface PointParts {
  readonly cluster: NatsCluster;
  readonly fleet: Fleet;
  readonly ingest: Target;
}

const ENTRANCE = 'tidings ingest publish';
const LOOK_MS = 50;
// What was under way when the last event arrived: answers of followers, what the servers tell each other.
const SETTLE_MS = 300;
const DRAIN_MS = 20_000;

/** Publishes the events of a point, and reads every counter before and after. */
export async function measurePoint(point: Point, parts: PointParts): Promise<Measured> {
  const { cluster, fleet, ingest } = parts;
  await fleet.grow(point.edges - 1);
  const before = fleet.clients.map(({ counter }) => ({ messages: counter.messages, bytes: counter.messageBytes }));
  const messagesBefore = before.map(({ messages }) => messages);
  await pause(SETTLE_MS);
  const connections = await readConnections(cluster.servers);
  const counters = await readCounters(cluster.servers);

  let accepted = 0;
  let mostBehind = 0;
  const watch = setInterval(() => {
    mostBehind = Math.max(mostBehind, accepted - fleet.leastBeyond(messagesBefore));
  }, LOOK_MS);
  const paced = await publish(ingest, point, point, (events) => {
    accepted += events;
  });
  const endMs = performance.now();
  while (fleet.leastBeyond(messagesBefore) < point.events && performance.now() - endMs < DRAIN_MS) await pause(5);
  const drainSec = (performance.now() - endMs) / 1000;
  clearInterval(watch);
  await pause(SETTLE_MS);

  const after = await readCounters(cluster.servers);
  const connectionsAfter = await readConnections(cluster.servers);
  const edges = fleet.clients.map(({ counter }, index) => ({
    messages: counter.messages - (before[index]?.messages ?? 0),
    bytes: counter.messageBytes - (before[index]?.bytes ?? 0),
  }));
  const servers = after.map((now, index) => difference(now, counters[index] as ServerCounters));
  return {
    point,
    seconds: (servers[0]?.atMs ?? 0) / 1000,
    edges,
    real: realBetween(connections, connectionsAfter),
    servers,
    placed: placesOf(connections),
    leader: (await cluster.streamLeader('EVT_0'))?.name ?? '',
    entrance: connections.find(({ name }) => name === ENTRANCE)?.server ?? '',
    lagSec: mostBehind / point.eventsPerSec,
    drainSec,
    lateRequests: paced.late,
    faults: faultsOf(point, edges, servers, fleet),
  };
}

function faultsOf(
  { events }: Point,
  edges: Measured['edges'],
  servers: readonly ServerCounters[],
  { accidents }: Fleet,
): string[] {
  const wrong = edges.filter(({ messages }) => messages !== events);
  const [first] = wrong;
  const slow = servers.reduce((sum, { slowConsumers }) => sum + slowConsumers, 0);
  return [
    ...(first === undefined
      ? []
      : [`${wrong.length} edges got another number of events than ${events}, as ${first.messages}`]),
    ...(slow > 0 ? [`the servers cut off ${slow} slow consumers`] : []),
    ...(accidents.length > 0 ? [`${accidents.length} edges lost their connection: ${accidents[0]}`] : []),
  ];
}

function realBetween(before: readonly Connection[], after: readonly Connection[]): Measured['real'] {
  const sum = (connections: readonly Connection[], field: 'messages' | 'bytes'): number =>
    connections.filter(({ name }) => name === REAL_FEED).reduce((all, each) => all + each[field], 0);
  return {
    messages: sum(after, 'messages') - sum(before, 'messages'),
    bytes: sum(after, 'bytes') - sum(before, 'bytes'),
  };
}

function placesOf(connections: readonly Connection[]): Record<string, number> {
  const placed: Record<string, number> = {};
  for (const { name, server } of connections) {
    if (name === REAL_FEED || name === LIGHT_FEED) placed[server] = (placed[server] ?? 0) + 1;
  }
  return placed;
}
