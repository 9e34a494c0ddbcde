import { toMatcher } from '@tidings/protocol';
import type { Clock, Timer } from '@tidings/runtime';
import type { PublishInput, Receipt } from '../port.ts';
import { scheduleIdOf } from '../schedule-id.ts';
import type { OnScheduled, Schedule, Schedules } from '../schedule-port.ts';
import { assertRoom, type ScheduleRoom } from '../schedule-room.ts';
import { createRecentIds } from './recent-ids.ts';

export interface MemorySchedulesParts {
  /** Publishes in the same turn. */
  publish(event: PublishInput): Receipt;
  /** @throws TidingsError when the broker is not open. */
  assertOpen(): void;
  onScheduled: OnScheduled;
  readonly idempotencyWindowMs: number;
  readonly room: ScheduleRoom;
  readonly clock: Clock;
}

interface Waiting extends Schedule {
  readonly place: number;
}

/** The schedules of one process, which end with it. */
export interface MemorySchedules extends Schedules {
  readonly pending: number;
  close(): void;
}

// The wall clock may be set: nobody tells, so it is looked at again.
const LOOK_MS = 1_000;

export function createMemorySchedules(parts: MemorySchedulesParts): MemorySchedules {
  const { publish, assertOpen, onScheduled, idempotencyWindowMs, room, clock } = parts;
  // Insertion order is the order of their places.
  const waiting = new Map<string, Waiting>();
  const perTenant = new Map<string, number>();
  const recent = createRecentIds(idempotencyWindowMs);
  let bytes = 0;
  let places = 0;
  let nextDueMs = Number.POSITIVE_INFINITY;
  let timer: Timer | undefined;

  const keyOf = (tenant: string, id: string): string => `${tenant}\n${id}`;

  function remove(key: string): boolean {
    const found = waiting.get(key);
    if (found === undefined) return false;
    waiting.delete(key);
    bytes -= found.event.data.length;
    const left = (perTenant.get(found.event.tenant) ?? 1) - 1;
    if (left === 0) perTenant.delete(found.event.tenant);
    else perTenant.set(found.event.tenant, left);
    return true;
  }

  function arm(): void {
    timer?.cancel();
    timer = undefined;
    if (waiting.size === 0) return;
    timer = clock.after(Math.max(0, Math.min(nextDueMs - clock.now(), LOOK_MS)), look);
  }

  function look(): void {
    const nowMs = clock.now();
    if (nowMs >= nextDueMs) {
      const due: Waiting[] = [];
      nextDueMs = Number.POSITIVE_INFINITY;
      for (const each of waiting.values()) {
        if (each.dueMs <= nowMs) due.push(each);
        else nextDueMs = Math.min(nextDueMs, each.dueMs);
      }
      // Those that fell due while nobody looked go out in the order of their times.
      for (const { id, dueMs, event } of due.sort((one, other) => one.dueMs - other.dueMs || one.place - other.place)) {
        remove(keyOf(event.tenant, id));
        onScheduled(publish(event), Math.max(0, nowMs - dueMs));
      }
    }
    arm();
  }

  return {
    async put(event, dueMs) {
      assertOpen();
      const id = scheduleIdOf(event);
      const key = keyOf(event.tenant, id);
      const first = waiting.get(key);
      if (first !== undefined) return { id, dueMs: first.dueMs, duplicate: true };
      const before = event.id === '' ? undefined : recent.find(key, clock.now());
      if (before !== undefined) return { id, dueMs: before, duplicate: true };
      const ofTenant = perTenant.get(event.tenant) ?? 0;
      assertRoom(room, ofTenant, bytes + event.data.length);
      places += 1;
      waiting.set(key, { id, dueMs, event, place: places });
      perTenant.set(event.tenant, ofTenant + 1);
      bytes += event.data.length;
      if (event.id !== '') recent.remember(key, dueMs, clock.now());
      nextDueMs = Math.min(nextDueMs, dueMs);
      arm();
      return { id, dueMs, duplicate: false };
    },
    async get(tenant, id) {
      assertOpen();
      return waiting.get(keyOf(tenant, id));
    },
    async list(tenant, from, limit) {
      assertOpen();
      const found = [...waiting.values()].filter(({ event, place }) => event.tenant === tenant && place >= from);
      return { schedules: found.slice(0, limit), next: found[limit]?.place };
    },
    async cancel(tenant, id) {
      assertOpen();
      return remove(keyOf(tenant, id));
    },
    async erase({ tenant, patterns }) {
      assertOpen();
      const matches = toMatcher(patterns);
      for (const [key, { event }] of waiting) if (event.tenant === tenant && matches(event.topic)) remove(key);
    },
    get pending() {
      return waiting.size;
    },
    close() {
      timer?.cancel();
      waiting.clear();
      perTenant.clear();
      bytes = 0;
    },
  };
}
