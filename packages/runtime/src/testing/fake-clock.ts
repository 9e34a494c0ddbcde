import type { Clock, Timer } from '../clock.ts';

interface Pending {
  dueMs: number;
  periodMs: number | undefined;
  run: () => void;
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on by `ms`, firing what falls due in order, each at its own moment. */
  advance(ms: number): void;
  /** Moves the wall clock without firing anything, as an administrator or NTP would. */
  jump(ms: number): void;
  /** Timers that are set and not cancelled. */
  readonly pending: number;
}

export function createFakeClock(startMs: number = Date.UTC(2026, 10, 21)): FakeClock {
  // Timers run on their own time line: a jump of the wall clock must not fire them.
  let elapsedMs = 0;
  let offsetMs = startMs;
  const timers = new Set<Pending>();

  function set(delayMs: number, periodMs: number | undefined, run: () => void): Timer {
    const timer: Pending = { dueMs: elapsedMs + Math.max(0, delayMs), periodMs, run };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  }

  function nextDue(untilMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of timers)
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }

  return {
    now: () => offsetMs + elapsedMs,
    elapsed: () => elapsedMs,
    after: (delayMs, run) => set(delayMs, undefined, run),
    every: (periodMs, run) => set(periodMs, periodMs, run),
    advance(ms) {
      const untilMs = elapsedMs + ms;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        elapsedMs = timer.dueMs;
        if (timer.periodMs === undefined) timers.delete(timer);
        else timer.dueMs += timer.periodMs;
        timer.run();
      }
      elapsedMs = untilMs;
    },
    jump(ms) {
      offsetMs += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}
