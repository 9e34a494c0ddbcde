/** A timer that was set; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as an argument: services take a clock, so that tests move time by hand and never sleep. */
export interface Clock {
  /** Milliseconds since 1970. The wall clock: it may be set. */
  now(): number;
  /** Milliseconds since some moment, always forward: for durations. */
  elapsed(): number;
  /** Runs `run` once after `delayMs`, however long that is. It does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` again and again until cancelled. It does not keep the process alive. */
  every(periodMs: number, run: () => void): Timer;
}

// Node fires at once for a delay over 2^31-1 ms (about 24.8 days): a token may live for 31 days.
const LONGEST_DELAY_MS = 2_147_483_647;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, run) {
    let remainingMs = Math.max(0, delayMs);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const stepMs = Math.min(remainingMs, LONGEST_DELAY_MS);
      remainingMs -= stepMs;
      handle = setTimeout(() => (remainingMs > 0 ? arm() : run()), stepMs);
      handle.unref();
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, run) {
    const handle = setInterval(run, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};
