import { toMatcher } from '@tidings/protocol';
import type { Selection } from '../port.ts';
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
  append(entry: Entry): void;
  get(seq: number): Entry | undefined;
  /** The index entries of every topic that the selection matches. */
  select(selection: Selection): SequenceList[];
  remove(seq: number): void;
  /** Drops what is too old, expired by ttl, or over the byte cap. */
  evict(nowMs: number): void;
}

/** Creates an empty log that begins after the place `start`. */
export function createTopicLog<Entry extends LogEntry>(limits: LogLimits, start: number = 0): TopicLog<Entry> {
  const entries = new Map<number, Entry>();
  const tenants = new Map<string, Map<string, SequenceList>>();
  const expiries = new Map<number, number[]>();
  let first = start + 1;
  let last = start;
  let bytes = 0;
  let sweptSec = 0;

  function indexOf({ tenant, topic }: Entry): SequenceList {
    const topics = tenants.get(tenant) ?? new Map<string, SequenceList>();
    const list = topics.get(topic) ?? createSequenceList();
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
    const topics = tenants.get(entry.tenant);
    const list = topics?.get(entry.topic);
    list?.remove(seq);
    if (list?.size === 0) topics?.delete(entry.topic);
    if (topics?.size === 0) tenants.delete(entry.tenant);
  }

  // A ttl is whole seconds, so expiries lie in buckets of one second and are swept once a second.
  function sweepExpired(nowMs: number): void {
    const nowSec = Math.floor(nowMs / 1000);
    if (nowSec === sweptSec) return;
    sweptSec = nowSec;
    for (const [dueSec, sequences] of expiries) {
      if (dueSec > nowSec) continue;
      expiries.delete(dueSec);
      for (const seq of sequences) remove(seq);
    }
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
    append(entry) {
      last = entry.seq;
      entries.set(entry.seq, entry);
      bytes += entry.bytes;
      indexOf(entry).append(entry.seq);
      if (entry.expiresAtMs === Number.POSITIVE_INFINITY) return;
      const dueSec = Math.ceil(entry.expiresAtMs / 1000);
      const due = expiries.get(dueSec);
      if (due === undefined) expiries.set(dueSec, [entry.seq]);
      else due.push(entry.seq);
    },
    get: (seq) => entries.get(seq),
    select({ tenant, patterns }) {
      const topics = tenants.get(tenant);
      if (topics === undefined) return [];
      const matches = toMatcher(patterns);
      const lists: SequenceList[] = [];
      for (const [topic, list] of topics) if (matches(topic)) lists.push(list);
      return lists;
    },
    remove,
    evict(nowMs) {
      sweepExpired(nowMs);
      for (const oldest of entries.values()) {
        if (bytes <= limits.maxBytes && nowMs - oldest.timeMs < limits.maxAgeMs) return;
        remove(oldest.seq);
        first = oldest.seq + 1;
      }
    },
  };
}
