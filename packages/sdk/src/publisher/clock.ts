/** Time as an argument: tests move it by hand. */
export interface Clock {
  /** Milliseconds since 1970, by the clock on the wall: what a token's `exp` is compared with. */
  now(): number;
  /** Milliseconds since some moment, always forward: for durations. */
  elapsed(): number;
  /** Runs `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): { cancel(): void };
}

/** The clock of the machine. Its timers keep a process alive: somebody awaits what they are for. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
