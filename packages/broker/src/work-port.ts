import { TidingsError } from '@tidings/protocol';

/** There is no room for it. To bring it again is of no use before something else is gone; what is too large never fits. */
export class NoRoomError extends TidingsError {
  constructor(detail: string) {
    super('unavailable', detail, { retryAfterSec: 60 });
    this.name = 'NoRoomError';
  }
}

/**
 * Where work waits: each lane is a queue of its own. `fact` is what the edges report, taken one at a time by all who take
 * together, and in order; `personal` the events on `user.<id>`; `job:<name>` what is to be delivered to one receiver.
 */
export type Lane = 'fact' | 'personal' | `job:${string}`;

/** Work that somebody holds: it is theirs until they settle it, or until the lease of its lane ends (a minute or more). */
export interface Task {
  /** JSON text. */
  readonly body: string;
  /** Times that it was taken, this one included. */
  readonly attempt: number;
  /** How long it has been in the queue. */
  readonly ageMs: number;
  /** It is done. @throws TidingsError `unavailable`: then it may be given out again. */
  ack(): Promise<void>;
  /** Gives it back, to be taken again after so long. @throws as `ack`: then it is once its lease has ended. */
  retry(delayMs: number): Promise<void>;
}

/**
 * Work that outlives whoever does it: what was put is given out until somebody has settled it, at least once. Names of
 * lanes are of `[a-z0-9-]`, at most 32 characters. Every call but `close` throws TidingsError `unavailable` while the
 * queue can't be reached.
 */
export interface WorkQueue {
  /** Dials, and waits until the queue exists; a process that only puts does not wait. */
  open(): Promise<void>;
  /**
   * Stores work durably. What has an id that was put within two minutes is not stored again, and that is no error.
   * @param body JSON text of at most 900,000 bytes.
   * @throws NoRoomError where 100,000 wait in the lane already, so that no receiver takes up the room of the others.
   */
  put(lane: Lane, id: string, body: string): Promise<void>;
  /** Up to `most` tasks, as soon as there is one; none when there was none for a second or so. */
  take(lane: Lane, most: number): Promise<readonly Task[]>;
  /** Tasks that are not settled. */
  waiting(lane: Lane): Promise<number>;
  close(): Promise<void>;
}

/** Records that last. A key is tokens of `[A-Za-z0-9_-]` joined by `.`, at most 8 of them and 200 characters. */
export interface Shelf {
  /** @throws NoRoomError. */
  put(key: string, value: string): Promise<void>;
  get(key: string): Promise<ShelfRecord | undefined>;
  /** It need not be there. @param revision of the record as it was read: what was put since then stays. */
  remove(key: string, revision?: number): Promise<void>;
  /** Records whose key begins with the tokens `under`, in no order that means anything. */
  list(under: string, most: number): Promise<readonly ShelfRecord[]>;
}

export interface ShelfRecord {
  readonly key: string;
  readonly value: string;
  /** Another one each time that it is put. */
  readonly revision: number;
}

/** Everything that webhooks keep at the broker (ADR 0031). */
export interface WorkStore {
  readonly queue: WorkQueue;
  /** Which sessions are open, and who is present where: never forgotten. */
  readonly ledger: Shelf;
  /** What could not be delivered: for 14 days, and up to a size, beyond which the oldest go. */
  readonly dead: Shelf;
}
