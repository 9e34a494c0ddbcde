import { clusterContract } from '@tidings/broker/contract';
import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, onTestFinished, test } from 'vitest';

describe('the cluster in memory keeps the contract of the port', () => {
  clusterContract({
    test,
    async deploy() {
      const bus = createMemoryBus();
      const clock = createFakeClock();
      const faults: unknown[] = [];
      return {
        faults,
        create(role = 'hub') {
          const cluster = createMemoryCluster({ bus, role, clock, onFault: (error) => faults.push(error) });
          onTestFinished(() => cluster.close());
          return cluster;
        },
        async elapse(ms) {
          clock.advance(ms);
          await new Promise((resolve) => setImmediate(resolve));
        },
      };
    },
  });
});
