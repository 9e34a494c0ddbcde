import type { Clock } from '@tidings/runtime';

/**
 * The wall clock of the servers, as they last said it. What is as old as a message is measured by it, for the clock of this
 * machine may be set, by hours even: what is due in a minute would be due now, and what has a day would be given up.
 */
export interface ServerTime {
  /** Asks at first and once a minute. @throws as `ask`. */
  refresh(): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
}

// A steady clock that is a little fast or slow, or stood still while the machine slept, is put right.
const KEEP_MS = 60_000;

/** @param ask what the servers' time is, in RFC 3339. */
export function createServerTime(clock: Clock, ask: () => Promise<string>): ServerTime {
  let serverMs = 0;
  let askedMs = Number.NEGATIVE_INFINITY;
  return {
    async refresh() {
      if (clock.elapsed() - askedMs < KEEP_MS) return;
      serverMs = Date.parse(await ask());
      askedMs = clock.elapsed();
    },
    now: () => serverMs + (clock.elapsed() - askedMs),
  };
}
