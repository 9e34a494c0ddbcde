import { brokerContract } from '@tidings/broker/contract';
import { createMemoryBroker } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, onTestFinished, test } from 'vitest';

describe('the memory broker keeps the contract of the port', () => {
  brokerContract({
    test,
    async open({ maxBytes = 64_000_000, maxAgeMs = 3_600_000, idempotencyWindowMs = 120_000, ...room } = {}) {
      const clock = createFakeClock();
      const broker = createMemoryBroker({ maxBytes, maxAgeMs, idempotencyWindowMs, clock, ...room });
      await broker.open();
      onTestFinished(() => broker.close());
      return { broker, elapse: async (ms) => clock.advance(ms), now: clock.now };
    },
  });
});
