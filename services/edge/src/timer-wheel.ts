import type { Clock, Timer } from '@tidings/runtime';

/** Many deadlines on one interval: a timer of its own for each of 100,000 streams would cost more than the streams. */
export interface TimerWheel {
  /** Runs `run` once, never early and at most one tick late. */
  after(delayMs: number, run: () => void): Timer;
  /** Milliseconds since the wheel was made, by ticks: coarse, monotonic, and free to read. */
  readonly elapsedMs: number;
  stop(): void;
}

const TICK_MS = 250;

/** Slots are absolute ticks in a map, so a deadline in 31 days costs no more than one in a second. */
export function createTimerWheel(clock: Clock): TimerWheel {
  const slots = new Map<number, Set<() => void>>();
  // By the monotonic clock: the wall clock may be set, and counted ticks would lag behind by each late one.
  const startMs = clock.elapsed();
  const elapsedMs = (): number => clock.elapsed() - startMs;
  let tick = 0;

  const interval = clock.every(TICK_MS, () => {
    const reached = Math.floor(elapsedMs() / TICK_MS);
    while (tick < reached) {
      tick += 1;
      const due = slots.get(tick);
      slots.delete(tick);
      for (const run of due ?? []) run();
    }
  });

  return {
    after(delayMs, run) {
      const slot = Math.max(tick + 1, Math.ceil((elapsedMs() + delayMs) / TICK_MS));
      const entry = (): void => run();
      const entries = slots.get(slot) ?? new Set();
      entries.add(entry);
      slots.set(slot, entries);
      return {
        cancel() {
          // Of the set itself: its slot may be the one that is being fired.
          if (entries.delete(entry) && entries.size === 0) slots.delete(slot);
        },
      };
    },
    get elapsedMs() {
      return tick * TICK_MS;
    },
    stop: () => interval.cancel(),
  };
}
