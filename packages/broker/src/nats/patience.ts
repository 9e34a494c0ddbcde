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
  readonly signal: AbortSignal;
}

const LEAST_MS = 20;
const MOST_MS = 500;
// An election takes seconds; a client that waits gets heartbeats meanwhile.
const GIVE_UP_MS = 60_000;

export function createPatience(signal: AbortSignal, metrics: Metrics): Patience {
  let barren = 0;
  let sinceMs = performance.now();
  return {
    signal,
    progress() {
      barren = 0;
      sinceMs = performance.now();
    },
    async wait() {
      signal.throwIfAborted();
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
