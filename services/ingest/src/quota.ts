import { createHash } from 'node:crypto';
import type { Cluster } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { type Clock, type Logger, type Policy, type Standing, toLimitHeaders } from '@tidings/runtime';

/** Ends a reservation: this many of its events were stored, and the others are given back. */
type Settle = (stored: number) => void;

/** How many events each tenant may publish in a day of UTC. */
export interface Quota {
  /** What is left to the tenant today. */
  standing(tenant: string): Standing;
  /**
   * Sets events aside until it is known what became of them.
   * @throws TidingsError `quota-exceeded` when fewer are left.
   */
  reserve(tenant: string, events: number): Settle;
  /** Writes what the others do not know yet. Idempotent. */
  close(): Promise<void>;
}

export interface QuotaOptions {
  readonly eventsPerDay: number;
  /** Where ingests see each other's counts; without one each counts alone, and anew at each start. */
  readonly cluster: Cluster | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;
// Longer than the day, so that no clock that is behind misses an entry.
const ENTRY_TTL_SEC = 172_800;
const WRITE_MS = 3_000;
const WRITES_AT_ONCE = 64;
const KEY_PREFIX = 'quota';

/** What one tenant published on one day. */
interface Tally {
  readonly key: string;
  stored: number;
  /** Set aside, and not yet stored or given back. */
  reserved: number;
  /** What the others know of `stored`. */
  written: number;
}

/** What the other ingests published of one tenant on one day. */
interface Others {
  readonly byNode: Map<string, number>;
  sum: number;
}

/**
 * Every ingest writes its own count of each tenant and day into the shared state, and adds up those of the others; what
 * they stored within the last seconds it does not know, and a tenant may come over its quota by that. The entries of an
 * ingest that ended stay: an ingest has another id at each start.
 *
 * To be made before the cluster is opened, since it follows the shared state.
 */
export function createQuota({ eventsPerDay, cluster, clock, log }: QuotaOptions): Quota {
  const policy: Policy = { name: 'tenant-day', quota: eventsPerDay, windowSec: DAY_MS / 1000 };
  let day = dayOf(clock.now());
  let tallies = new Map<string, Tally>();
  const others = new Map<string, Others>();
  let writing: Promise<void> | undefined;

  cluster?.state.follow(KEY_PREFIX, ({ key, value }) => {
    const end = key.lastIndexOf('.');
    const node = key.slice(end + 1);
    const [, entryDay = ''] = key.split('.');
    // The clocks of two ingests do not strike midnight at once: what is of tomorrow is kept for it.
    if (node === cluster.id || entryDay < today()) return;
    const known = others.get(key.slice(0, end)) ?? { byNode: new Map(), sum: 0 };
    others.set(key.slice(0, end), known);
    // A count only grows, and an entry may be told more than once.
    const before = known.byNode.get(node) ?? 0;
    const count = Math.max(before, Number(value) || 0);
    known.byNode.set(node, count);
    known.sum += count - before;
  });
  const timer = cluster && clock.every(WRITE_MS, () => void write());

  function today(): string {
    const now = dayOf(clock.now());
    if (now === day) return day;
    day = now;
    tallies = new Map();
    for (const key of others.keys()) if ((key.split('.')[1] ?? '') < day) others.delete(key);
    return day;
  }

  function tallyOf(tenant: string): Tally {
    const now = today();
    let tally = tallies.get(tenant);
    if (tally === undefined) {
      tally = { key: `${KEY_PREFIX}.${now}.${hashOf(tenant)}`, stored: 0, reserved: 0, written: 0 };
      tallies.set(tenant, tally);
    }
    return tally;
  }

  function standingOf({ key, stored, reserved }: Tally): Standing {
    const used = stored + reserved + (others.get(key)?.sum ?? 0);
    return { policy, left: Math.max(0, eventsPerDay - used), resetMs: DAY_MS - (clock.now() % DAY_MS) };
  }

  // One round at a time; what failed is written by the next.
  function write(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function writeAll(): Promise<void> {
    if (cluster === undefined) return;
    const { id, state } = cluster;
    today();
    const changed = [...tallies.values()].filter(({ stored, written }) => stored > written);
    try {
      for (let start = 0; start < changed.length; start += WRITES_AT_ONCE) {
        await Promise.all(
          changed.slice(start, start + WRITES_AT_ONCE).map(async (tally) => {
            const { stored } = tally;
            await state.put(`${tally.key}.${id}`, `${stored}`, ENTRY_TTL_SEC);
            tally.written = stored;
          }),
        );
      }
    } catch (error) {
      log.warn({ err: error }, 'counts of the quota can not be written: other nodes do not know of them yet');
    }
  }

  return {
    standing: (tenant) => standingOf(tallyOf(tenant)),
    reserve(tenant, events) {
      const tally = tallyOf(tenant);
      const standing = standingOf(tally);
      if (events > standing.left) throw quotaExceeded(standing);
      tally.reserved += events;
      return (stored) => {
        tally.reserved -= events;
        tally.stored += stored;
      };
    },
    async close() {
      timer?.cancel();
      // A round that is under way may have begun before the last event.
      await writing;
      await write();
    },
  };
}

/** The refusal of a request that has more events than are left today. */
export function quotaExceeded(standing: Standing): TidingsError {
  const { policy, left, resetMs } = standing;
  return new TidingsError(
    'quota-exceeded',
    `This tenant may publish ${policy.quota} events a day, and ${left} are left until midnight UTC.`,
    { retryAfterSec: Math.max(1, Math.ceil(resetMs / 1000)), limitHeaders: toLimitHeaders([standing]) },
  );
}

// Days compare as text.
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

// A tenant's name may be longer than a key, and have characters that no key has.
const hashOf = (tenant: string): string => createHash('sha256').update(tenant).digest('base64url').slice(0, 22);
