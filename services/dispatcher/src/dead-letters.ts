import { createHash } from 'node:crypto';
import type { ShelfRecord, WorkStore } from '@tidings/broker';
import type { Clock } from '@tidings/runtime';
import type { HookEvent } from './hook-event.ts';
import type { Outcome } from './sender.ts';

/** A webhook that was given up. */
export interface DeadLetter {
  readonly event: HookEvent;
  readonly endpoint: string;
  readonly attempts: number;
  readonly reason: string;
  readonly atMs: number;
}

/** What could not be delivered, until it is replayed or forgotten. */
export interface DeadLetters {
  bury(endpoint: string, event: HookEvent, attempts: number, why: Pick<Outcome, 'reason'>): Promise<void>;
  /** Those of a tenant; the oldest are not always first. */
  list(endpoint: string, tenant: string, most: number): Promise<readonly DeadLetter[]>;
  /** Queues them anew, under the ids that they had. @param id one alone. @returns how many. */
  replay(endpoint: string, tenant: string, id: string | undefined): Promise<number>;
}

const MOST_AT_ONCE = 1_000;
// It becomes a token of a key.
const IS_ID = /^[\w-]{1,64}$/;

export function createDeadLetters({ queue, dead }: WorkStore, clock: Clock): DeadLetters {
  const prefixOf = (endpoint: string, tenant: string): string => `${endpoint}.${toKeyToken(tenant)}`;

  async function find(prefix: string, id: string | undefined): Promise<readonly ShelfRecord[]> {
    if (id === undefined) return dead.list(prefix, MOST_AT_ONCE);
    const found = IS_ID.test(id) ? await dead.get(`${prefix}.${id}`) : undefined;
    return found === undefined ? [] : [found];
  }

  async function list(endpoint: string, tenant: string, most: number): Promise<readonly DeadLetter[]> {
    const records = await dead.list(prefixOf(endpoint, tenant), most);
    return records.map(({ value }) => JSON.parse(value) as DeadLetter);
  }

  return {
    async bury(endpoint, event, attempts, { reason }) {
      const letter: DeadLetter = { event, endpoint, attempts, reason, atMs: clock.now() };
      await dead.put(`${prefixOf(endpoint, event.tenant)}.${event.id}`, JSON.stringify(letter));
    },
    list,
    async replay(endpoint, tenant, id) {
      const records = await find(prefixOf(endpoint, tenant), id);
      for (const { key, value, revision } of records) {
        const { event, atMs } = JSON.parse(value) as DeadLetter;
        // Another id for the queue, which would know the first one again; whoever presses twice replays once.
        await queue.put(`job:${endpoint}`, `${event.id} ${atMs}`, JSON.stringify(event));
        // It may have been sent, and given up anew, in between.
        await dead.remove(key, revision);
      }
      return records.length;
    },
  };
}

// A tenant's name may hold what a key may not, and be longer.
const toKeyToken = (tenant: string): string => createHash('sha256').update(tenant).digest('base64url').slice(0, 22);
