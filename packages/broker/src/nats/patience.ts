import { setTimeout as pause } from 'node:timers/promises';
import type { Metrics } from '@tidings/runtime';
import { away } from './jetstream-api.ts';

/** How a read deals with answers that prove nothing: it asks again, more and more seldom, for as long as it is worth it. */
export interface Patience {
  /** Something came: start over. */
  progress(): void;
  /**
   * Waits before the next try, and answers how many in a row were barren.
   * @throws the signal's reason; TidingsError `unavailable` after a minute without progress.
   */
  wait(): Promise<number>;
  /** One of its own, for a part of the read that goes on beside others. */
  fork(): Patience;
  readonly signal: AbortSignal;
}

const LEAST_MS = 20;
const MOST_MS = 500;
// An election takes seconds; a client that waits gets heartbeats meanwhile.
const GIVE_UP_MS = 60_000;

/** @param isClosed whether the broker was closed: then nothing will answer any more. */
export function createPatience(signal: AbortSignal, metrics: Metrics, isClosed: () => boolean = () => false): Patience {
  let barren = 0;
  // From the first barren answer on: before it, the time may have been the reader's own.
  let sinceMs: number | undefined;
  return {
    signal,
    fork: () => createPatience(signal, metrics, isClosed),
    progress() {
      barren = 0;
      sinceMs = undefined;
    },
    async wait() {
      signal.throwIfAborted();
      if (isClosed()) throw away('this process is closing');
      sinceMs ??= performance.now();
      if (performance.now() - sinceMs > GIVE_UP_MS) throw away('no server gave a complete answer');
      metrics.staleReads.inc({ read: 'history' });
      // What an abort of the wait throws is not the signal's own reason.
      await pause(Math.min(LEAST_MS * 2 ** barren, MOST_MS), undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
      barren += 1;
      return barren;
    },
  };
}
