/// <reference path="./rate-limiter-memory.d.ts" />
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';

/** A limit as clients are told of it. */
export interface Policy {
  /** Names it in `RateLimit` and `RateLimit-Policy`. */
  readonly name: string;
  /** Points in each window. */
  readonly quota: number;
  readonly windowSec: number;
  /** What a point is, where it is none of the requests that the draft takes for granted, or of their events. */
  readonly unit?: 'content-bytes';
}

/** What is left of a limit to one key. */
export interface Standing {
  readonly policy: Policy;
  /** Points, 0 or more; at 0 nothing is let through. */
  readonly left: number;
  /** Until there are points again: all of them. */
  readonly resetMs: number;
}

/** Points each second for each key, counted in this process. */
export interface Rate {
  /** What is left, and nothing is counted. */
  standing(key: string): Promise<Standing>;
  /** Counts points whether they are left or not: who took more than was left waits until that is paid back. */
  take(key: string, points: number): Promise<Standing>;
}

const WINDOW_SEC = 1;
// Node's timers fire at once beyond 2^31-1 ms, and the library forgets a key by a timer.
const LONGEST_DEBT_MS = 2_147_483_647;

/**
 * A window of one second opens with the first point that a key takes; the key is forgotten when it closes, so that only who
 * was active within it is remembered. What a key took beyond its points keeps its window open for as long as that would
 * have needed, which is what makes the rate hold in the long run, however large one request is: in any `t` seconds a key
 * has begun to take more than `perSec * (t + 1)` points never, whatever it asks for.
 *
 * The counters are rate-limiter-flexible's, which reads the wall clock. A clock that is set back delays nobody for longer,
 * as its timers do not follow it.
 * @param perSec points each second, 1 or more.
 */
export function createRate(name: string, perSec: number, unit?: Policy['unit']): Rate {
  const limiter = new RateLimiterMemory({ points: perSec, duration: WINDOW_SEC, keyPrefix: '' });
  const policy: Policy = { name, quota: perSec, windowSec: WINDOW_SEC, ...(unit !== undefined && { unit }) };
  const untouched: Standing = { policy, left: perSec, resetMs: WINDOW_SEC * 1000 };
  const toStanding = (consumed: number, resetMs: number): Standing => ({
    policy,
    left: Math.max(0, perSec - consumed),
    resetMs,
  });

  return {
    async standing(key) {
      const found = await limiter.get(key);
      // A key whose window is over may be found until its timer fires.
      if (found === null || found.msBeforeNext <= 0) return untouched;
      return toStanding(found.consumedPoints, found.msBeforeNext);
    },
    async take(key, points) {
      if (points === 0) return this.standing(key);
      const { consumedPoints, msBeforeNext } = await limiter.penalty(key, points);
      const debt = consumedPoints - perSec;
      if (debt <= 0) return toStanding(consumedPoints, msBeforeNext);
      const debtMs = Math.min(Math.ceil(msBeforeNext + (debt / perSec) * 1000), LONGEST_DEBT_MS);
      await limiter.set(key, perSec, debtMs / 1000);
      return toStanding(perSec, debtMs);
    },
  };
}
