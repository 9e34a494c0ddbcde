import { createMemoryCluster, createMemoryWork } from '@tidings/broker/memory';
import { createLogger, createMetrics, systemClock } from '@tidings/runtime';
import { parseWebhooksFile } from '@tidings/webhooks';
import { expect, onTestFinished, test } from 'vitest';
import { createDispatcher } from '../src/dispatcher.ts';
import { HOOK_SECRET, startReceiver } from './receiver.ts';

test('an endpoint that is down and has no room left in the queue keeps no other from being told, and loses nothing', async () => {
  const receiver = await startReceiver();
  const common = { secret: { env: 'A' }, events: ['session.*'], allowPrivate: true };
  const plan = parseWebhooksFile(
    JSON.stringify({
      endpoints: [
        { ...common, name: 'down', url: 'http://127.0.0.1:1/' },
        { ...common, name: 'crm', url: receiver.url },
      ],
    }),
  );
  const clock = systemClock;
  const store = createMemoryWork({ clock, mostWaiting: 5 });
  await store.queue.open();
  const cluster = createMemoryCluster({ clock });
  await cluster.open();
  const secrets = new Map(plan.endpoints.map(({ name }) => [name, [HOOK_SECRET]]));
  const log = createLogger('test', 'silent');
  const dispatcher = createDispatcher({ plan, secrets, store, cluster, clock, log, metrics: createMetrics() });
  onTestFinished(async () => {
    await store.queue.close();
    await dispatcher.stop();
    await cluster.close();
  });
  dispatcher.start();
  for (let place = 0; place < 8; place += 1) {
    const facts = [{ kind: 'opened', session: `s${place}`, timeMs: 1, tenant: 'acme', topics: [] }];
    await store.queue.put('fact', `${place}`, JSON.stringify({ id: `${place}`, node: 'edgeedge', facts }));
    await expect.poll(() => receiver.hooks.length, { interval: 5 }).toBe(place + 1);
  }
  expect(await store.queue.waiting('job:down')).toBe(5);
  expect(await dispatcher.dead.list('down', 'acme', 9)).toMatchObject([
    { event: { data: { session: 's5' } }, attempts: 0 },
    { event: { data: { session: 's6' } } },
    { event: { data: { session: 's7' } } },
  ]);
});
