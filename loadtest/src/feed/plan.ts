import type { Manner, Point } from './point.ts';
import type { EventPlan } from './traffic.ts';

/** What a run measures, in this order: edges are only added. */
export interface RunPlan {
  readonly points: readonly Point[];
  /** With how many processes beats are measured. */
  readonly processes: readonly number[];
  /** How many silent connections show what one weighs; 0: not measured. */
  readonly silent: number;
  /** How long the servers are looked at before anything is published. */
  readonly idleMs: number;
  readonly beatsMs: number;
}

const SHORT_TOPICS = { topic: 'orders.{n}', topics: 500 } as const;
const LONG_TOPIC = 'shop.{n}.orders.northern-warehouse.parcels.delivered-to-neighbour';
// What two cores do beside the clients' process, and some room.
const MOST_DELIVERIES_PER_SEC = 60_000;
const MOST_BYTES_PER_SEC = 50_000_000;
const MOST_EVENTS_PER_SEC = 1_500;
// An event that comes alone is a write to each edge, and some rounds of the copies.
const MOST_WRITES_PER_SEC = 12_000;
const MOST_CLOSE_PER_SEC = 1_000;
const MOST_CLOSE_DELIVERIES_PER_SEC = 40_000;
const MOST_APART_PER_SEC = 250;
const OVERHEAD_BYTES = 260;
const MOST_IN_BURST = 50;

interface Wish extends Partial<Omit<EventPlan, 'payloadBytes'>> {
  readonly edges: number;
  readonly payloadBytes: number;
  readonly manner?: Manner;
  readonly seconds: number;
}

function toPoint({ edges, payloadBytes, manner = 'bursts', seconds, ...more }: Wish): Point {
  const most = {
    bursts: [MOST_EVENTS_PER_SEC, MOST_DELIVERIES_PER_SEC / edges],
    close: [MOST_CLOSE_PER_SEC, MOST_CLOSE_DELIVERIES_PER_SEC / edges],
    apart: [MOST_APART_PER_SEC, MOST_WRITES_PER_SEC / edges],
  }[manner];
  const mostBytes = MOST_BYTES_PER_SEC / edges / (payloadBytes + OVERHEAD_BYTES);
  const eventsPerSec = Math.max(1, Math.floor(Math.min(...most, mostBytes)));
  // Some requests a second at least, or one request alone would look like a second of lag.
  const batch = manner === 'bursts' ? Math.max(1, Math.min(MOST_IN_BURST, Math.floor(eventsPerSec / 4))) : 1;
  return {
    manner,
    edges,
    payloadBytes,
    eventsPerSec,
    events: Math.ceil((eventsPerSec * seconds) / batch) * batch,
    batch,
    ...SHORT_TOPICS,
    ...more,
  };
}

const odd = (edges: number, seconds: number): Point[] => [
  toPoint({ edges, payloadBytes: 200, seconds, topic: LONG_TOPIC }),
  toPoint({ edges, payloadBytes: 200, seconds, event: 'status', keyed: true }),
];

/** Of each number of edges, each size; one by one in one size, and unusual events once. */
export function wholePlan(): RunPlan {
  const seconds = 4;
  const points = [2, 30, 100, 300].flatMap((edges) => [
    ...[50, 200, 1_000, 4_000].map((payloadBytes) => toPoint({ edges, payloadBytes, seconds })),
    toPoint({ edges, payloadBytes: 200, seconds, manner: 'close' }),
    toPoint({ edges, payloadBytes: 200, seconds, manner: 'apart' }),
    ...(edges === 30 ? odd(edges, seconds) : []),
  ]);
  return { points, processes: [30, 100, 300], silent: 1_500, idleMs: 10_000, beatsMs: 6_000 };
}

/** So much as shows within half a minute whether the model holds. */
export function quickPlan(): RunPlan {
  const seconds = 1;
  const points = [
    toPoint({ edges: 2, payloadBytes: 200, seconds }),
    toPoint({ edges: 12, payloadBytes: 50, seconds }),
    ...odd(12, seconds),
    toPoint({ edges: 30, payloadBytes: 200, seconds, manner: 'close' }),
    toPoint({ edges: 30, payloadBytes: 200, seconds }),
  ];
  return { points, processes: [20], silent: 0, idleMs: 2_000, beatsMs: 3_000 };
}
