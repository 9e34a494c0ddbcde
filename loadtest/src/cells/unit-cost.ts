import type { ServerCost } from '../feed/deployment.ts';

/** A figure that the model stands on: what it is, and where it was measured or who chose it. */
export interface UnitCost {
  readonly value: number;
  /** For the table of inputs: with its unit. */
  readonly words: string;
  readonly what: string;
  readonly source: string;
}

const us = (micros: number): number => micros / 1e6;

/** What was measured on the two slow cores of docs/capacity.md; CPU in seconds. */
export const MEASURED = {
  broadcastDeliverySec: {
    value: 1 / 55_000,
    words: '18.2 µs',
    what: 'CPU of an edge for an event to one of many streams',
    source: 'capacity, the model: 55,000 per CPU-second',
  },
  ownDeliverySec: {
    // 19,500 deliveries per CPU-second, less what each event costs an edge anyway.
    value: 1 / 19_500 - us(12.9),
    words: '38.4 µs',
    what: 'CPU of an edge for an event to the one stream that wants it, beyond receiving it',
    source: 'performance: 5,000 events/s to 2,000 topics, edge on NATS: 19,500 per CPU-second, receiving included',
  },
  receivedEventSec: {
    value: us(12.9),
    words: '12.9 µs',
    what: 'CPU of an edge for an event of the feed, whoever wants it',
    source: 'capacity, the model; performance: `receive.js`',
  },
  publishedSec: {
    value: 1 / 11_400,
    words: '87.7 µs',
    what: 'CPU of an ingest for an event, in batches',
    source: 'capacity, the model: 11,400 per CPU-second',
  },
  streamEventsPerSec: {
    value: 12_000,
    words: '12,000 a second',
    what: 'events that one stream with three copies takes',
    source: 'capacity, the model: 12,000 to 13,000',
  },
} as const satisfies Readonly<Record<string, UnitCost>>;

/** CPU of three NATS servers for events in batches: the last run of `npm run loadtest:feed`, loadtest/results/feed.json. */
export const SERVER_COST: ServerCost = { eventSec: us(155.8), deliverySec: us(3.11), beatSec: us(11.86) };

/** What is decided, and not measured: how full a machine may be when all are up. */
export const CHOSEN = {
  streamsPerEdge: {
    value: 50_000,
    words: '50,000, and half as many edges again',
    what: 'streams of an edge at most, a zone of three being away',
    source: 'capacity, three deployments',
  },
  edgeShare: {
    value: 0.6,
    words: '60%',
    what: 'of a core of each edge and ingest',
    source: 'capacity, the arithmetic',
  },
} as const satisfies Readonly<Record<string, UnitCost>>;

/**
 * What a foreign event costs an edge that takes in full only what its streams want, and of all else an entry of an index, many
 * in one message. `npm run loadtest:cells` writes the table anew when a value here is another.
 */
export const INDEX_ENTRY = {
  entryBytes: {
    value: 30,
    words: '30 B',
    what: 'of an entry of the index, its part of the message included',
    source: 'capacity, the two feeds',
  },
  entrySec: {
    value: us(7),
    words: '7 µs',
    what: 'CPU of an edge for an entry, being woken for its message included',
    source: 'capacity, the two feeds: 5 to 14 µs, the less the more there are',
  },
  entriesPerMessage: {
    value: 30,
    words: '30',
    what: 'entries in a message, each as much work for a server as an event',
    source: 'a notice each 5 ms of each ingest, and 6,000 events/s an ingest',
  },
} as const satisfies Readonly<Record<string, UnitCost>>;
