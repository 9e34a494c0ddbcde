import { afterEach, expect, test, vi } from 'vitest';
import { createPatience } from '../../src/nats/patience.ts';
import { metrics } from './stand-ins.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('a read whose reader was slow for more than a minute does not give up at the first answer that proves nothing', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const patience = createPatience(AbortSignal.timeout(5_000), metrics);
  patience.progress();
  // The page was yielded, and its reader came back for the next one only now.
  vi.advanceTimersByTime(70_000);
  await expect(patience.wait()).resolves.toBe(1);
});
