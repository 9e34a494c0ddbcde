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

/** A deadline, in the slot of its tick. */
class Deadline implements Timer {
  readonly run: () => void;
  readonly #slot: Set<Deadline>;

  constructor(slot: Set<Deadline>, run: () => void) {
    this.run = run;
    this.#slot = slot;
    slot.add(this);
  }

  // Of the set itself, which may be the one that is being fired. An empty one goes when its tick has come.
  cancel(): void {
    this.#slot.delete(this);
  }
}

/** Slots are absolute ticks in a map, so a deadline in 31 days costs no more than one in a second. */
export function createTimerWheel(clock: Clock): TimerWheel {
  const slots = new Map<number, Set<Deadline>>();
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
      for (const deadline of due ?? []) deadline.run();
    }
  });

  return {
    after(delayMs, run) {
      const place = Math.max(tick + 1, Math.ceil((elapsedMs() + delayMs) / TICK_MS));
      let slot = slots.get(place);
      if (slot === undefined) {
        slot = new Set();
        slots.set(place, slot);
      }
      return new Deadline(slot, run);
    },
    get elapsedMs() {
      return tick * TICK_MS;
    },
    stop: () => interval.cancel(),
  };
}
