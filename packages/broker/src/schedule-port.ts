import type { PublishInput, Receipt, Selection } from './port.ts';

/** An event that waits for its time. */
export interface Schedule {
  /** Unique in its tenant: one or more of `[A-Za-z0-9_-]`. Made of topic and idempotency key, where there is one. */
  readonly id: string;
  /** When it is to be published: milliseconds of the wall clock of whoever keeps it (the broker's servers, where there are any). */
  readonly dueMs: number;
  readonly event: PublishInput;
}

/** What became of an event that was put off. */
export interface ScheduleReceipt {
  readonly id: string;
  /** Of the schedule that stands: a duplicate's is the time of the first. */
  readonly dueMs: number;
  readonly duplicate: boolean;
}

/** A page of what waits, in the order in which it was taken. */
export interface SchedulePage {
  readonly schedules: readonly Schedule[];
  /** Where the next page begins; `undefined` when this one is the last. */
  readonly next: number | undefined;
}

/**
 * Events that are to be published later. Each is published exactly once, unless it is cancelled or erased before: through
 * the end of any process and of all of them, at once where it fell due meanwhile. A live-only event (`store: false`) goes to
 * whoever listens then, at most once. An idempotency key holds for the schedule and not for what is published of it: while
 * one waits, and for the window after it was taken, the same key on the same topic is the same schedule.
 *
 * Every call but `erase` is for one tenant, and rejects with TidingsError `unavailable` when its outcome is not known.
 */
export interface Schedules {
  /**
   * Keeps an event durably until its time; one whose time has come is published at once.
   * @throws TidingsError `too-many-schedules` when this many of its tenant wait already.
   */
  put(event: PublishInput, dueMs: number): Promise<ScheduleReceipt>;
  /** One that waits; `undefined` when it was published, or there is none. */
  get(tenant: string, id: string): Promise<Schedule | undefined>;
  /** @param from `next` of the page before, or 0. */
  list(tenant: string, from: number, limit: number): Promise<SchedulePage>;
  /** Whether it was kept from ever being published: `false` when it was published, or there is none. */
  cancel(tenant: string, id: string): Promise<boolean>;
  /** Cancels all on topics that match; resolves once none of them will be published any more. */
  erase(selection: Selection): Promise<void>;
}

/** Told of each scheduled event that this process has published. `receipt.seq` is 0 for a live-only one. */
export type OnScheduled = (receipt: Receipt, lateMs: number) => void;
