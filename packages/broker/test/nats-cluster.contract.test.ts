import { setTimeout as pause } from 'node:timers/promises';
import { clusterContract } from '@tidings/broker/contract';
import { RECORD_PLAN, STATE_PLAN } from '@tidings/broker/nats';
import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest';
import { createNatsFixture, type NatsFixture } from './nats-fixture.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
  await fixture.api('STREAM.CREATE.KV_tidings', STATE_PLAN.toConfig(1));
  await fixture.api('STREAM.CREATE.KV_tidings_records', RECORD_PLAN.toConfig(1));
});

afterAll(() => fixture.remove());

describe('the cluster on NATS keeps the contract of the port', () => {
  clusterContract({
    test,
    async deploy() {
      await fixture.api('STREAM.PURGE.KV_tidings');
      await fixture.api('STREAM.PURGE.KV_tidings_records');
      const faults: unknown[] = [];
      return {
        faults,
        create(role = 'hub') {
          const cluster = fixture.createCluster(role, faults);
          onTestFinished(() => cluster.close());
          return cluster;
        },
        elapse: (ms) => pause(ms),
      };
    },
  });
});
