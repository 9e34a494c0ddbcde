import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallerLimits } from '../../src/limit/caller-limits.ts';
import { createRate } from '../../src/limit/rate.ts';

// The library reads the wall clock, and forgets by timers.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const perSec = fc.integer({ min: 1, max: 50 });
const points = fc.integer({ min: 0, max: 400 });

describe('a rate in the long run', () => {
  it('whoever asks for as much as it can gets what the rate gives, to the millisecond, however large its requests are', async () => {
    await fc.assert(
      fc.asyncProperty(perSec, fc.array(points, { minLength: 1, maxLength: 60 }), async (rate, requests) => {
        const limit = createRate('user', rate);
        const startMs = Date.now();
        let taken = 0;
        let windows = 0;
        for (const request of requests) {
          taken += request;
          const { left, resetMs } = await limit.take('alice', request);
          if (left > 0) continue;
          windows += 1;
          vi.advanceTimersByTime(resetMs);
          expect((await limit.standing('alice')).left).toBe(rate);
          const elapsedMs = Date.now() - startMs;
          // Waits are whole milliseconds.
          expect(taken).toBeLessThanOrEqual((rate * elapsedMs) / 1000 + 1e-6);
          expect(taken).toBeGreaterThanOrEqual((rate * (elapsedMs - windows)) / 1000 - 1e-6);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('whoever comes whenever it likes has never taken more than the rate gives in its time and one second', async () => {
    const visit = fc.record({ gapMs: fc.integer({ min: 0, max: 3_000 }), count: points });
    await fc.assert(
      fc.asyncProperty(perSec, fc.array(visit, { maxLength: 80 }), async (rate, visits) => {
        const limits = createCallerLimits({ user: rate });
        const startMs = Date.now();
        let taken = 0;
        for (const { gapMs, count } of visits) {
          vi.advanceTimersByTime(gapMs);
          const before = taken;
          const took = await limits?.take({ user: 'alice' }, { count, bytes: 0 }).then(
            () => true,
            () => false,
          );
          if (took !== true) continue;
          expect(before).toBeLessThan(rate * ((Date.now() - startMs) / 1000 + 1));
          taken += count;
        }
      }),
      { numRuns: 60 },
    );
  });
});
