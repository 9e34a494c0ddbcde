import { expect, onTestFinished, test, vi } from 'vitest';
import { FeedOrder } from '../../src/nats/feed-order.ts';

const HELD = 2_000;

/** Counts every step of every walk over the keys of a map. */
function countSteps(): () => number {
  const { keys } = Map.prototype;
  let steps = 0;
  const spy = vi.spyOn(Map.prototype, 'keys').mockImplementation(function* (this: Map<unknown, unknown>) {
    for (const key of keys.call(this)) {
      steps += 1;
      yield key;
    }
  } as typeof keys);
  onTestFinished(() => spy.mockRestore());
  return () => steps;
}

test('a repair that passes what is held costs no walk over all that is held at each step', () => {
  const order = new FeedOrder<{ seq: number; bytes: number }>(() => {});
  for (let half = 1; half <= HELD; half += 1) order.accept({ seq: 2 * half, bytes: 1 });
  const steps = countSteps();
  for (let half = 1; half <= HELD; half += 1) order.acceptProven({ seq: 2 * half, bytes: 1 });
  expect(order.held).toBe(0);
  // With a walk at each step they would be two million.
  expect(steps()).toBeLessThanOrEqual(2 * HELD);
});
