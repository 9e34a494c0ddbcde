import { beatBytesPerSec, type EventShape, sentBy, shareOfServers, toEdge } from './model.ts';
import type { Manner } from './point.ts';

/** What was measured of the servers' CPU, in seconds of it for each thing that they do. */
export interface ServerCost {
  /** One event stored by three servers. */
  readonly eventSec: number;
  /** One event sent to one edge. */
  readonly deliverySec: number;
  /** One beat heard by one process. */
  readonly beatSec: number;
}

/** A deployment as far as the NATS side goes. */
export interface Deployment {
  readonly streams: number;
  readonly edges: number;
  readonly ingests: number;
  readonly servers: number;
  readonly eventsPerSec: number;
  readonly shape: EventShape;
}

/** What its NATS servers have to do; bits and messages a second. */
export interface Load {
  readonly toEachEdgeBits: number;
  readonly toEdgesBits: number;
  readonly betweenServersBits: number;
  readonly beatBits: number;
  readonly allBits: number;
  /** Of the server that sends most, as edges choose theirs by lot. */
  readonly fullestBits: number;
  /** The same once one server was away: those who were on it stay where they went. */
  readonly fullestOfFewerBits: number;
  readonly deliveriesPerSec: number;
  readonly cores: number;
  /** By edges × events × (payload + 236 B), as it was reckoned before. */
  readonly reckonedBeforeBits: number;
}

const BITS = 8;
const COPIES = 3;
const BEFORE_BYTES = 236;
// The highest of so many draws of a normal distribution, on average, in standard deviations.
const HIGHEST_OF = [0, 0, 0.564, 0.846, 1.029, 1.163, 1.267, 1.352, 1.424, 1.485, 1.539];

/** How many edges the fullest server has, where each edge chooses by lot. */
export function fullestServer(edges: number, servers: number): number {
  const highest = HIGHEST_OF[servers] ?? Math.sqrt(2 * Math.log(servers));
  return Math.min(edges, edges / servers + highest * Math.sqrt(edges / servers));
}

/** What the servers of a deployment have to do. @param appendsPerEvent see `Placement`. */
export function toLoad(deployment: Deployment, cost: ServerCost, appendsPerEvent: number): Load {
  const { edges, ingests, servers, eventsPerSec, shape } = deployment;
  const spread = (count: number): number[] => Array.from({ length: count }, () => edges / count);
  // The ingest is where the leader is not: the larger figure, and two times out of three so.
  const place = { leader: 0, followers: [1, 2].slice(0, COPIES - 1), entrance: 1, appendsPerEvent };
  const shares = shareOfServers(shape, { edgesOn: spread(servers), ...place });
  const toEdges = edges * toEdge(shape).sent * eventsPerSec;
  const all = shares.reduce((sum, share) => sum + sentBy(share), 0) * eventsPerSec;
  const leading = shares[0] === undefined ? 0 : (sentBy(shares[0]) - shares[0].clients.sent) * eventsPerSec;
  const beats = beatBytesPerSec({ edges, ingests, servers });
  const beatBytes = beats.toProcesses + beats.betweenServers;
  const fullest = (held: number, count: number): number =>
    (held * toEdge(shape).sent * eventsPerSec + leading + beatBytes / count) * BITS;
  return {
    toEachEdgeBits: toEdge(shape).sent * eventsPerSec * BITS,
    toEdgesBits: toEdges * BITS,
    betweenServersBits: (all - toEdges) * BITS,
    beatBits: beatBytes * BITS,
    allBits: (all + beatBytes) * BITS,
    fullestBits: fullest(fullestServer(edges, servers), servers),
    fullestOfFewerBits: fullest(fullestServer(edges, servers - 1), servers - 1),
    deliveriesPerSec: edges * eventsPerSec,
    cores: eventsPerSec * cost.eventSec + edges * eventsPerSec * cost.deliverySec + beats.delivered * cost.beatSec,
    reckonedBeforeBits: edges * eventsPerSec * (shape.payloadBytes + BEFORE_BYTES) * BITS,
  };
}

/** 200 B on a topic of a user in the usual tenant. */
export const USUAL_EVENT: EventShape = { addressBytes: 'default.user.12345678.inbox'.length, payloadBytes: 200 };

const SIZES = [
  { streams: 100_000, edges: 3, ingests: 2 },
  { streams: 1_000_000, edges: 30, ingests: 2 },
  { streams: 10_000_000, edges: 300, ingests: 2 },
] as const;

const rate = (bits: number): string =>
  bits >= 1e9 ? `${(bits / 1e9).toFixed(2)} Gbit/s` : `${(bits / 1e6).toFixed(bits >= 1e8 ? 0 : 1)} Mbit/s`;

// Apart from others an event takes a round of the copies and one more that tells what was agreed upon; eight in a burst share one.
const APPENDS_PER_EVENT: Readonly<Record<Manner, number>> = { bursts: 1 / 8, close: 1, apart: 2 };
const NO_COST: ServerCost = { eventSec: 0, deliverySec: 0, beatSec: 0 };

/** The deployments of docs/capacity.md, as a table of Markdown. @param costs as they were measured. */
export function toDeploymentTable(costs: Readonly<Partial<Record<Manner, ServerCost>>>): string {
  const paces = [2_000, 10_000];
  const columns = SIZES.flatMap((size) => paces.map((eventsPerSec) => ({ ...size, eventsPerSec })));
  const load = (column: (typeof columns)[number], servers: number, manner: Manner = 'close'): Load =>
    toLoad({ ...column, servers, shape: USUAL_EVENT }, costs[manner] ?? NO_COST, APPENDS_PER_EVENT[manner]);
  // Fewer edges than servers leave some without any.
  const withServers = (column: (typeof columns)[number], servers: number): string =>
    column.edges < servers ? '' : rate(load(column, servers).fullestBits);
  const row = (name: string, cell: (column: (typeof columns)[number]) => string): string =>
    `| ${name} | ${columns.map(cell).join(' | ')} |`;
  return [
    row('streams', ({ streams }) => streams.toLocaleString('en')),
    `|---|${'---:|'.repeat(columns.length)}`,
    row('edges', ({ edges }) => `${edges}`),
    row('events a second', ({ eventsPerSec }) => eventsPerSec.toLocaleString('en')),
    row('to each edge', (column) => rate(load(column, 3).toEachEdgeBits)),
    row('to all edges', (column) => rate(load(column, 3).toEdgesBits)),
    row('between the servers', (column) => rate(load(column, 3).betweenServersBits)),
    row('beats', (column) => rate(load(column, 3).beatBits)),
    row('**all that three servers send**', (column) => rate(load(column, 3).allBits)),
    row('by edges × events × (payload + 236 B)', (column) => rate(load(column, 3).reckonedBeforeBits)),
    row('the server that sends most', (column) => rate(load(column, 3).fullestBits)),
    row('… with one of the three away, or just back', (column) => rate(load(column, 3).fullestOfFewerBits)),
    row('… of six servers (arithmetic, not simulated)', (column) => withServers(column, 6)),
    row('… of nine servers (arithmetic, not simulated)', (column) => withServers(column, 9)),
    row('messages sent a second', (column) => Math.round(load(column, 3).deliveriesPerSec).toLocaleString('en')),
    row('cores of all servers together, events in bursts', (column) => load(column, 3, 'bursts').cores.toFixed(1)),
    row('… events one by one', (column) => load(column, 3, 'close').cores.toFixed(1)),
  ].join('\n');
}
