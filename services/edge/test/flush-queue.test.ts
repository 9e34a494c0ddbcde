import { describe, expect, it } from 'vitest';
import { createFlushQueue } from '../src/flush-queue.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a flush queue', () => {
  it('flushes at the end of the turn, in order, and then runs what waits for it', async () => {
    const queue = createFlushQueue();
    const done: string[] = [];
    queue.afterFlush(() => done.push('after'));
    queue.add({ flush: () => done.push('one') });
    queue.add({ flush: () => done.push('two') });
    expect(done).toEqual([]);
    await turn();
    expect(done).toEqual(['one', 'two', 'after']);
    await turn();
    expect(done).toHaveLength(3);
  });

  it('keeps what is added while it flushes for the next turn', async () => {
    const queue = createFlushQueue();
    const done: string[] = [];
    queue.add({ flush: () => void queue.add({ flush: () => done.push('next') }) });
    await turn();
    await turn();
    expect(done).toEqual(['next']);
  });
});
