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
  // Ticks are counted and not read off the wall clock: a clock that jumps must not fire or delay anything.
  let tick = 0;

  const interval = clock.every(TICK_MS, () => {
    tick += 1;
    const due = slots.get(tick);
    slots.delete(tick);
    for (const run of due ?? []) run();
  });

  return {
    after(delayMs, run) {
      // One more than the ticks that fit, since the present tick has begun already.
      const slot = tick + 1 + Math.ceil(Math.max(0, delayMs) / TICK_MS);
      const entry = (): void => run();
      const entries = slots.get(slot);
      if (entries === undefined) slots.set(slot, new Set([entry]));
      else entries.add(entry);
      return {
        cancel() {
          const set = slots.get(slot);
          set?.delete(entry);
          if (set?.size === 0) slots.delete(slot);
        },
      };
    },
    get elapsedMs() {
      return tick * TICK_MS;
    },
    stop: () => interval.cancel(),
  };
}
