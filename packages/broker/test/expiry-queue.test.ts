import { describe, expect, it } from 'vitest';
import { createExpiryQueue } from '../src/log/expiry-queue.ts';

describe('the expiry queue', () => {
  it('gives what is due, a second late at the most and never early, a part at a time', () => {
    const queue = createExpiryQueue();
    for (let seq = 1; seq <= 5; seq += 1) queue.add(seq, 10_000 + seq);
    expect(queue.takeDue(10_500, 10)).toEqual([]);
    expect(queue.takeDue(11_000, 3)).toEqual([1, 2, 3]);
    expect(queue.takeDue(11_000, 3)).toEqual([4, 5]);
    expect(queue.takeDue(99_000, 3)).toEqual([]);
  });

  it('forgets a second of which everything has left before its time', () => {
    const queue = createExpiryQueue();
    queue.add(1, 10_000);
    queue.add(2, 10_000);
    queue.add(3, 20_000);
    queue.removed(10_000);
    queue.removed(10_000);
    expect(queue.takeDue(30_000, 10)).toEqual([3]);
    // One that was never added, or twice: nothing to forget.
    queue.removed(10_000);
    expect(queue.takeDue(40_000, 10)).toEqual([]);
  });
});
