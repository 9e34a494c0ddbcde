import { createExpiryQueue } from './expiry-queue.ts';
import { PlaceQueue } from './place-queue.ts';
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

/** The entries of one topic. */
type TopicIndex = SequenceList & { readonly tenant: string; readonly topic: string };

const NO_TOPICS: ReadonlyMap<string, SequenceList> = new Map();

/**
 * Creates an empty log that begins after the place `start`.
 *
 * Cost of an entry: two look-ups to find its topic when it comes, and none when it leaves; nothing is allocated for it.
 */
export function createTopicLog<Entry extends LogEntry>(limits: LogLimits, start: number = 0): TopicLog<Entry> {
  const entries = new PlaceQueue<Entry, TopicIndex>();
  const tenants = new Map<string, Map<string, TopicIndex>>();
  const expiries = createExpiryQueue();
  const isKept = (seq: number): boolean => entries.get(seq) !== undefined;
  let first = start + 1;
  let last = start;
  let bytes = 0;
  // Entries that have a time to live.
  let expiring = 0;

  function indexOf({ tenant, topic }: Entry): TopicIndex {
    let topics = tenants.get(tenant);
    if (topics === undefined) {
      topics = new Map();
      tenants.set(tenant, topics);
    }
    let index = topics.get(topic);
    if (index === undefined) {
      index = Object.assign(createSequenceList(isKept), { tenant, topic });
      topics.set(topic, index);
    }
    return index;
  }

  function drop({ tenant, topic }: TopicIndex): void {
    const topics = tenants.get(tenant);
    topics?.delete(topic);
    if (topics?.size === 0) tenants.delete(tenant);
  }

  function isTooOld(nowMs: number): boolean {
    return Number.isFinite(limits.maxAgeMs) && nowMs - (entries.oldest?.timeMs ?? nowMs) >= limits.maxAgeMs;
  }

  function forgetExpiry(expiresAtMs: number = Number.POSITIVE_INFINITY): void {
    if (expiresAtMs === Number.POSITIVE_INFINITY) return;
    expiries.removed(expiresAtMs);
    expiring -= 1;
  }

  function remove(seq: number): void {
    const index = entries.groupOf(seq);
    if (index === undefined) return;
    // Few logs have entries that expire; in the others none is looked at.
    if (expiring > 0) forgetExpiry(entries.get(seq)?.expiresAtMs);
    bytes -= entries.delete(seq);
    index.removed();
    if (index.size === 0) drop(index);
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
      const index = indexOf(entry);
      entries.push(entry, index, entry.bytes);
      index.append(entry.seq);
      bytes += entry.bytes;
      if (entry.expiresAtMs === Number.POSITIVE_INFINITY) return;
      expiries.add(entry.seq, entry.expiresAtMs);
      expiring += 1;
    },
    get: (seq) => entries.get(seq),
    topicsOf: (tenant) => tenants.get(tenant) ?? NO_TOPICS,
    remove,
    evict(nowMs) {
      for (const seq of expiries.takeDue(nowMs, MOST_EXPIRED)) remove(seq);
      while (entries.size > 0 && (bytes > limits.maxBytes || isTooOld(nowMs))) {
        const seq = entries.oldestPlace;
        remove(seq);
        first = seq + 1;
      }
    },
  };
}
