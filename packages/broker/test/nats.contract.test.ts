import { setTimeout as pause } from 'node:timers/promises';
import { brokerContract } from '@tidings/broker/contract';
import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest';
import { createNatsFixture, type NatsFixture } from './nats-fixture.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
});

afterAll(() => fixture.remove());

describe.each(['all', 'interest'] as const)(
  'the NATS broker that is fed by %s keeps the contract of the port',
  (feed) => {
    brokerContract({
      test,
      async open({ maxBytes = 64_000_000, maxAgeMs = 3_600_000, idempotencyWindowMs = 120_000 } = {}) {
        await fixture.deleteStream();
        const broker = fixture.create('hub', {
          maxBytes,
          maxAgeMs,
          idempotencyWindowMs: Math.min(idempotencyWindowMs, maxAgeMs),
          feed,
        });
        await broker.open();
        onTestFinished(() => broker.close());
        return { broker, elapse: (ms) => pause(ms) };
      },
    });
  },
);
