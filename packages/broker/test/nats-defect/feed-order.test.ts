import { expect, test } from 'vitest';
import { FeedOrder } from '../../src/nats/feed-order.ts';

test('a repair that passes what is held costs no walk over all that is held at each step', () => {
  const order = new FeedOrder<{ seq: number; bytes: number }>(() => {});
  for (let half = 1; half <= 20_000; half += 1) order.accept({ seq: 2 * half, bytes: 1 });
  const started = performance.now();
  for (let half = 1; half <= 20_000; half += 1) order.acceptProven({ seq: 2 * half, bytes: 1 });
  expect(order.held).toBe(0);
  expect(performance.now() - started).toBeLessThan(500);
});
