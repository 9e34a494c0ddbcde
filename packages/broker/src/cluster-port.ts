import type { Records } from './record-port.ts';

/** What kind of process somebody is to the others. The broker's permissions vouch for it, where there are any. */
export type ClusterRole = 'ingest' | 'edge' | 'hub' | 'webhooks';

/**
 * Answers questions of one name, or takes notice of what was told under it. Plain JSON comes, and plain JSON goes; what has
 * no word in JSON arrives as `undefined`. `from` is the sender's id as the sender has it, `role` is beyond doubt.
 */
export type ClusterHandler = (body: unknown, from: string, role: ClusterRole) => unknown;

/**
 * The processes of one deployment, as one of them sees the others: they ask each other, tell each other, and share a small
 * state that outlives each of them. It carries control, and never an event.
 *
 * What is sent is plain JSON, of at most `MAX_CONTROL_BYTES` as text: what is longer, a value of the shared state as well,
 * fails with a RangeError and is not sent. Everything but `inTouch`, `tell` and what is said before `open` fails with
 * TidingsError `unavailable` while this process is not open or cut off: nothing is kept to be sent later.
 */
export interface Cluster {
  /** Names this process among the others: 8 characters of `[0-9a-z]`, others at each start. */
  readonly id: string;
  readonly state: SharedState;
  readonly records: Records;
  /**
   * Whether the others count on this process. It is `false` before `open`, and from 8 s on after it was cut off, which is
   * before the others stop waiting for its word (10 s): what they agree upon without it must not be served by it. It is
   * `true` again once they count on it and what `onReturn` runs has ended.
   */
  readonly inTouch: boolean;
  /**
   * Dials, lets the others know that this process is there, and follows the shared state: it resolves once every entry
   * that there is was told. What is answered, heard and followed is said before: a TypeError afterwards.
   * @throws TidingsError `unavailable` when it is closed meanwhile; ConfigurationError for what waiting can't mend.
   */
  open(): Promise<void>;
  /** One handler for each name; what it throws is this process's to log, and the asker gets `unavailable`. */
  answer(name: string, handler: ClusterHandler): void;
  /**
   * Asks one process, this one included.
   * @returns its answer, or `undefined` when there is no such process, or none that answers this name.
   * @throws TidingsError `unavailable` when it is counted on and does not answer in time, and when it is not known to a
   * process that is not in touch.
   */
  ask(node: string, name: string, body: unknown): Promise<unknown>;
  /**
   * Asks every process that answers this name, this one included.
   * @returns all answers, in no order.
   * @throws TidingsError `unavailable` when one of them does not answer in time, and when this process is not in touch:
   * part of an answer would pass for all of it.
   */
  askAll(name: string, body: unknown): Promise<unknown[]>;
  /** Runs when any process, this one included, tells something under this name. */
  hear(name: string, handler: ClusterHandler): void;
  /**
   * Tells everybody who hears this name, at most once; what is told while this process is cut off is lost.
   * @throws RangeError for what is too long.
   */
  tell(name: string, body: unknown): void;
  /**
   * Runs when this process comes back after it was out of touch, before it is in touch again; where it rejects it is run
   * again. Said before `open`.
   */
  onReturn(run: () => Promise<void>): void;
  /** Leaves in good order: nobody waits for this process any more. Idempotent. */
  close(): Promise<void>;
}

/** An entry as `follow` tells it. */
export interface StateEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * Small entries that all processes see and that end by themselves. A key is 1-8 tokens of `[A-Za-z0-9_-]`, joined by `.`,
 * of at most 200 characters. Every call rejects with TidingsError `unavailable` when its outcome is not known:
 * then what was put may come to be there, and what was taken may be gone, for all. Keys are no place for secrets.
 */
export interface SharedState {
  /**
   * Stores an entry durably, in place of one that has this key.
   * @param ttlSec whole seconds after which it is gone, 1 or more.
   * @returns its revision: later entries have higher ones.
   */
  put(key: string, value: string, ttlSec: number): Promise<number>;
  /** Takes an entry out: of all who ever ask for one, at most one gets it; `undefined` for the others. */
  take(key: string): Promise<string | undefined>;
  /**
   * Tells of every entry whose key begins with the token `prefix` and a dot: those that there are, before `open` resolves,
   * then each that is put, within a second while this process is in touch, and those of one prefix in their order. One may be told more than once; the end of one
   * is not told.
   */
  follow(prefix: string, onEntry: (entry: StateEntry) => void): void;
  /**
   * Resolves once everything up to this revision was told here.
   * @throws TidingsError `unavailable` when that can't be reached in time.
   */
  reach(revision: number): Promise<void>;
}

/** The longest question, answer or notice, as bytes of JSON. */
export const MAX_CONTROL_BYTES = 900_000;
