import { workContract } from '@tidings/broker/contract';
import { createMemoryWork } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, test } from 'vitest';

describe('work in memory keeps the contract of the port', () => {
  workContract({
    test,
    async open() {
      const clock = createFakeClock();
      const store = createMemoryWork({ clock });
      await store.queue.open();
      return { store, elapse: async (ms) => clock.advance(ms) };
    },
  });
});
