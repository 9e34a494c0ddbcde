import { startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { createNatsWork } from '../../src/nats/nats-work.ts';
import type { NatsRole } from '../../src/nats/options.ts';

const log = createLogger('test', 'silent', { write() {} });

test('who sends webhooks tells whether it is connected; of an edge that reports to them others tell', async () => {
  const server = await startNatsServer();
  onTestFinished(() => server.remove());
  const start = async (role: NatsRole) => {
    const metrics = createMetrics();
    const { queue } = createNatsWork({ servers: [server.url], role, log, metrics });
    onTestFinished(() => queue.close());
    await queue.open();
    return async () => (await metrics.brokerConnected.get()).values[0]?.value;
  };
  const [sender, edge] = [await start('webhooks'), await start('edge')];
  expect([await sender(), await edge()]).toEqual([1, 0]);
  await server.kill();
  await expect.poll(sender).toBe(0);
  await server.restart();
  await expect.poll(sender, { timeout: 10_000 }).toBe(1);
  expect(await edge()).toBe(0);
});
