import { ANONYMOUS } from '@tidings/auth';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStateWrites } from '../src/state-writes.ts';

// The rate reads the wall clock, and forgets by timers.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('a user writes no more than fifty times in a second, and others are not kept from it', async () => {
  const writes = createStateWrites();
  const alice = { ...ANONYMOUS, user: 'alice' };
  for (let each = 0; each < 50; each += 1) await writes.take(alice);
  await expect(writes.take(alice)).rejects.toMatchObject({ code: 'rate-limited', details: { retryAfterSec: 1 } });
  await writes.take({ ...alice, user: 'bob' });
  await writes.take({ ...alice, tenant: 'acme' });
  vi.advanceTimersByTime(1_000);
  await writes.take(alice);
});

it('no more get through when they come at once', async () => {
  const writes = createStateWrites();
  const taking = Array.from({ length: 60 }, () => writes.take({ ...ANONYMOUS, user: 'alice' }));
  const results = await Promise.allSettled(taking);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
});
