import { createExpiryQueue } from './expiry-queue.ts';
import { createSequenceList, type SequenceList } from './sequence-list.ts';

/** What the log must know of an entry. */
export interface LogEntry {
  readonly seq: number;
  readonly tenant: string;
  readonly topic: string;
  /** Milliseconds since 1970; never falls along the log. */
  readonly timeMs: number;
  readonly expiresAtMs: number;
  /** What it counts towards the byte cap. */
  readonly bytes: number;
}

/** What may be kept. */
export interface LogLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/**
 * Entries in one order, with an index by topic; capped by bytes and age, oldest out first. The memory broker's history
 * and an edge's ring are both such logs.
 */
export interface TopicLog<Entry extends LogEntry> {
  /** Place of the oldest event that was not evicted: expired and erased ones leave holes, and do not move it. */
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** Entries that are kept. */
  readonly size: number;
  append(entry: Entry): void;
  get(seq: number): Entry | undefined;
  /** The index of a tenant: topic to its sequences. */
  topicsOf(tenant: string): ReadonlyMap<string, SequenceList>;
  remove(seq: number): void;
  /** Drops what is too old, expired by ttl, or over the byte cap. */
  evict(nowMs: number): void;
}

// Expired entries dropped by one call: readers pass over expired ones by themselves, so the rest can wait for the next.
const MOST_EXPIRED = 1_000;

const NO_TOPICS: ReadonlyMap<string, SequenceList> = new Map();

/** Creates an empty log that begins after the place `start`. */
export function createTopicLog<Entry extends LogEntry>(limits: LogLimits, start: number = 0): TopicLog<Entry> {
  const entries = new Map<number, Entry>();
  const tenants = new Map<string, Map<string, SequenceList>>();
  const expiries = createExpiryQueue();
  const isKept = (seq: number): boolean => entries.has(seq);
  let first = start + 1;
  let last = start;
  let bytes = 0;
  // No entry is kept before this place. Asking the map for its first entry would walk over all that it deleted.
  let oldest = first;

  function indexOf({ tenant, topic }: Entry): SequenceList {
    const topics = tenants.get(tenant) ?? new Map<string, SequenceList>();
    const list = topics.get(topic) ?? createSequenceList(isKept);
    if (list.size === 0) {
      topics.set(topic, list);
      tenants.set(tenant, topics);
    }
    return list;
  }

  function remove(seq: number): void {
    const entry = entries.get(seq);
    if (entry === undefined) return;
    entries.delete(seq);
    bytes -= entry.bytes;
    if (entry.expiresAtMs !== Number.POSITIVE_INFINITY) expiries.removed(entry.expiresAtMs);
    const topics = tenants.get(entry.tenant);
    const list = topics?.get(entry.topic);
    list?.removed();
    if (list?.size === 0) topics?.delete(entry.topic);
    if (topics?.size === 0) tenants.delete(entry.tenant);
  }

  return {
    get first() {
      return first;
    },
    get last() {
      return last;
    },
    get bytes() {
      return bytes;
    },
    get size() {
      return entries.size;
    },
    append(entry) {
      last = entry.seq;
      entries.set(entry.seq, entry);
      bytes += entry.bytes;
      indexOf(entry).append(entry.seq);
      if (entry.expiresAtMs !== Number.POSITIVE_INFINITY) expiries.add(entry.seq, entry.expiresAtMs);
    },
    get: (seq) => entries.get(seq),
    topicsOf: (tenant) => tenants.get(tenant) ?? NO_TOPICS,
    remove,
    evict(nowMs) {
      for (const seq of expiries.takeDue(nowMs, MOST_EXPIRED)) remove(seq);
      for (; oldest <= last; oldest += 1) {
        const entry = entries.get(oldest);
        if (entry === undefined) continue;
        if (bytes <= limits.maxBytes && nowMs - entry.timeMs < limits.maxAgeMs) return;
        remove(oldest);
        first = oldest + 1;
      }
    },
  };
}
