import { TidingsError } from '@tidings/protocol';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CallerLimits, type CallerRates, createCallerLimits, toUserKey } from '../../src/limit/caller-limits.ts';
import { toLimitHeaders } from '../../src/limit/limit-headers.ts';
import { createRate } from '../../src/limit/rate.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function limitsOf(rates: CallerRates): CallerLimits {
  const limits = createCallerLimits(rates);
  if (limits === undefined) throw new Error('there are no limits');
  return limits;
}

const events = (count: number, bytes = 0) => ({ count, bytes });

/** Seconds after which trying again is worth it; `undefined` when the caller was let through. */
async function refusal(run: Promise<unknown>): Promise<number | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TidingsError);
    expect((error as TidingsError).code).toBe('rate-limited');
    return (error as TidingsError).details.retryAfterSec;
  }
}

describe('limits of callers', () => {
  it('are nothing when all rates are 0', () => {
    expect(createCallerLimits({})).toBeUndefined();
    expect(createCallerLimits({ user: 0, tenant: 0, address: 0, userBytes: 0, tenantBytes: 0 })).toBeUndefined();
  });

  it('let a request through while anything is left, and have what was too much paid back by waiting', async () => {
    const limits = limitsOf({ user: 10 });
    await limits.take({ user: 'alice' }, events(9));
    const [standing] = await limits.take({ user: 'alice' }, events(36));
    expect(standing).toMatchObject({ left: 0, resetMs: 1_000 + 3_500 });
    expect(await refusal(limits.take({ user: 'alice' }, events(1)))).toBe(5);
    vi.advanceTimersByTime(4_499);
    expect(await refusal(limits.take({ user: 'alice' }, events(1)))).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await refusal(limits.take({ user: 'alice' }, events(1)))).toBeUndefined();
  });

  it('take of all or of none: whoever has nothing left uses up nothing of what it shares', async () => {
    const limits = limitsOf({ user: 1, tenant: 3 });
    const alice = { user: toUserKey('acme', 'alice'), tenant: 'acme' };
    const bob = { user: toUserKey('acme', 'bob'), tenant: 'acme' };
    await limits.take(alice, events(1));
    for (let time = 0; time < 10; time += 1) expect(await refusal(limits.take(alice, events(1)))).toBe(1);
    const [, tenant] = await limits.take(bob, events(1));
    expect(tenant).toMatchObject({ left: 1 });
  });

  it('let no more through for being asked at once', async () => {
    const limits = limitsOf({ user: 10 });
    const asked = Array.from({ length: 20 }, () => refusal(limits.take({ user: 'alice' }, events(10))));
    const refused = (await Promise.all(asked)).filter((each) => each !== undefined);
    expect(refused).toHaveLength(19);
  });

  it('count bytes beside events', async () => {
    const limits = limitsOf({ userBytes: 1_000, tenantBytes: 1_500 });
    const alice = { user: 'alice', tenant: 'acme' };
    const bob = { user: 'bob', tenant: 'acme' };
    await limits.take(alice, events(1, 0));
    await limits.take(alice, events(1, 1_000));
    expect(await refusal(limits.take(alice, events(1, 1)))).toBe(1);
    await limits.take(bob, events(1, 999));
    expect(await refusal(limits.take(bob, events(1, 1)))).toBe(2);
  });

  it('keep nobody for longer than a second who took what was left to it', async () => {
    // The clock stands still: a user that is as new was forgotten by its timer, and not passed over by its date.
    vi.useRealTimers();
    const nowMs = Date.now();
    vi.stubGlobal(
      'Date',
      class extends Date {
        static override now = (): number => nowMs;
      },
    );
    const timers: { run: () => void; delayMs: number | undefined }[] = [];
    vi.stubGlobal('setTimeout', (run: () => void, delayMs?: number) => timers.push({ run, delayMs }));
    onTestFinished(() => void vi.unstubAllGlobals());
    const rate = createRate('user', 5);
    const users = Array.from({ length: 100_000 }, (_, each) => `user ${each}`);
    await Promise.all(users.map((user) => rate.take(user, 1)));
    const leftToSome = async (): Promise<number[]> => {
      const standings = users.filter((_, each) => each % 1_000 === 0).map((user) => rate.standing(user));
      return [...new Set((await Promise.all(standings)).map(({ left }) => left))];
    };
    expect(await leftToSome()).toEqual([4]);
    expect([timers.length, ...new Set(timers.map(({ delayMs }) => delayMs))]).toEqual([100_000, 1_000]);
    for (const { run } of timers) run();
    expect(await leftToSome()).toEqual([5]);
  });

  it('are told in the fields of the draft, each with what is left', async () => {
    const limits = limitsOf({ user: 100, tenant: 1_000, tenantBytes: 5_000 });
    const caller = { user: 'alice', tenant: 'acme' };
    vi.advanceTimersByTime(10);
    expect(toLimitHeaders(await limits.take(caller, events(50, 5_100)))).toEqual({
      'RateLimit-Policy': '"user";q=100;w=1, "tenant";q=1000;w=1, "tenant-bytes";q=5000;qu="content-bytes";w=1',
      RateLimit: '"user";r=50;t=1, "tenant";r=950;t=1, "tenant-bytes";r=0;t=2',
    });
  });
});
