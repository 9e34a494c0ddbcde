import { TidingsError } from '@tidings/protocol';
import { type Clock, systemClock, type Timer } from '@tidings/runtime';
import { assertStateKey } from '../control-limits.ts';
import { type Lane, NoRoomError, type Shelf, type Task, type WorkQueue, type WorkStore } from '../work-port.ts';
import { createRecentIds } from './recent-ids.ts';

interface Waiting {
  readonly body: string;
  readonly sinceMs: number;
  attempt: number;
  dueMs: number;
}

export interface MemoryWorkOptions {
  readonly clock?: Clock;
  /** Tasks of a lane beyond which nothing more is taken. */
  readonly mostWaiting?: number;
  readonly mostDead?: number;
  /** How long an event on a personal topic may be held. */
  readonly personalLeaseMs?: number;
}

const LEASE_MS = 60_000;
const DUPLICATE_MS = 120_000;
const TAKE_MS = 1_000;
const DEAD_MS = 14 * 86_400_000;

/** Work and records in the memory of one process: they end with it. */
export function createMemoryWork(options: MemoryWorkOptions = {}): WorkStore {
  const { clock = systemClock, mostWaiting = 100_000, mostDead = 10_000, personalLeaseMs = 120_000 } = options;
  return {
    queue: createMemoryQueue(clock, mostWaiting, personalLeaseMs),
    ledger: createMemoryShelf(clock, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    dead: createMemoryShelf(clock, mostDead, DEAD_MS),
  };
}

function createMemoryQueue(clock: Clock, mostWaiting: number, personalLeaseMs: number): WorkQueue {
  const lanes = new Map<Lane, Set<Waiting>>();
  const recent = createRecentIds(DUPLICATE_MS);
  const whenPut = new Set<() => void>();
  let isOpen = false;

  const laneOf = (lane: Lane): Set<Waiting> => {
    const found = lanes.get(lane) ?? new Set();
    lanes.set(lane, found);
    return found;
  };

  function assertOpen(): void {
    if (!isOpen) throw new TidingsError('unavailable', 'The queue is not open.', { retryAfterSec: 1 });
  }

  function hold(lane: Lane, most: number): Waiting[] {
    const all = laneOf(lane);
    const nowMs = clock.elapsed();
    // In order, and so nothing overtakes what is held or given back.
    const next = lane === 'fact' ? [...all].slice(0, 1) : all;
    const taken: Waiting[] = [];
    for (const one of next) {
      if (taken.length === most) break;
      if (one.dueMs > nowMs) continue;
      one.dueMs = nowMs + (lane === 'personal' ? personalLeaseMs : LEASE_MS);
      one.attempt += 1;
      taken.push(one);
    }
    return taken;
  }

  function toTask(lane: Lane, one: Waiting): Task {
    return {
      body: one.body,
      attempt: one.attempt,
      ageMs: clock.elapsed() - one.sinceMs,
      async ack() {
        laneOf(lane).delete(one);
      },
      async retry(delayMs) {
        one.dueMs = clock.elapsed() + delayMs;
      },
    };
  }

  function settled(): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const done = (): void => {
        timer?.cancel();
        whenPut.delete(done);
        resolve();
      };
      timer = clock.after(TAKE_MS, done);
      whenPut.add(done);
    });
  }

  return {
    async open() {
      isOpen = true;
    },
    async put(lane, id, body) {
      assertOpen();
      const all = laneOf(lane);
      if (all.size >= mostWaiting) throw new NoRoomError('The queue is full.');
      const nowMs = clock.elapsed();
      const key = `${lane} ${id}`;
      if (recent.find(key, nowMs) !== undefined) return;
      recent.remember(key, 1, nowMs);
      all.add({ body, sinceMs: nowMs, attempt: 0, dueMs: nowMs });
      for (const run of [...whenPut]) run();
    },
    async take(lane, most) {
      assertOpen();
      const now = hold(lane, most);
      if (now.length > 0) return now.map((one) => toTask(lane, one));
      await settled();
      return isOpen ? hold(lane, most).map((one) => toTask(lane, one)) : [];
    },
    async waiting(lane) {
      assertOpen();
      return laneOf(lane).size;
    },
    async close() {
      isOpen = false;
      for (const run of [...whenPut]) run();
    },
  };
}

function createMemoryShelf(clock: Clock, most: number, maxAgeMs: number): Shelf {
  const records = new Map<string, { value: string; endsMs: number; revision: number }>();
  let revisions = 0;
  const isKept = ({ endsMs }: { endsMs: number }): boolean => clock.elapsed() < endsMs;
  return {
    async put(key, value) {
      assertStateKey(key);
      records.delete(key);
      revisions += 1;
      records.set(key, { value, endsMs: clock.elapsed() + maxAgeMs, revision: revisions });
      for (const [oldest, record] of records) {
        if (records.size <= most && isKept(record)) break;
        records.delete(oldest);
      }
    },
    async get(key) {
      const found = records.get(key);
      return found !== undefined && isKept(found) ? { key, value: found.value, revision: found.revision } : undefined;
    },
    async remove(key, revision) {
      if (revision === undefined || records.get(key)?.revision === revision) records.delete(key);
    },
    async list(under, limit) {
      const found = [];
      for (const [key, record] of records) {
        if (found.length === limit) break;
        const { value, revision } = record;
        if (isKept(record) && key.startsWith(`${under}.`)) found.push({ key, value, revision });
      }
      return found;
    },
  };
}
