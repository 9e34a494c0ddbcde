import { startNatsServer } from '@tidings/broker/testing';
import { findFreePort } from '@tidings/runtime/testing';
import { expect, it, onTestFinished } from 'vitest';
import { createCuttingProxy } from '../../../../test/cutting-proxy.ts';
import { createPublisher } from '../../src/publisher/index.ts';
import { mint, readStored, startTestHub, startTestIngest } from './fixture.ts';

const EVENTS = 2_000;

it('a stream is stored once and in order while its ingest ends and starts again and again, and answers are lost', {
  timeout: 60_000,
}, async () => {
  const nats = await startNatsServer();
  onTestFinished(() => nats.remove());
  const env = { TIDINGS_NATS_URL: nats.url, PORT: `${await findFreePort()}` };
  let ingest = await startTestIngest(env);
  onTestFinished(() => ingest.stop());
  const cuts = Array.from({ length: 200 }, (_, connection) => (connection % 3) * 10_000);
  const proxy = await createCuttingProxy(Number(env.PORT), cuts);
  onTestFinished(() => proxy.close());

  const publisher = createPublisher({ url: `http://127.0.0.1:${proxy.port}`, token: mint });
  const stream = publisher.stream('builds.1', { event: 'line', maxWaitingEvents: 100 });
  let restarting = Promise.resolve();
  for (let number = 0; number < EVENTS; number += 1) {
    if (number % 600 === 300) {
      restarting = restarting
        .then(() => ingest.stop())
        .then(async () => {
          ingest = await startTestIngest(env);
        });
    }
    await stream.write(number);
  }
  const { id } = await stream.end({ code: 0 });
  await restarting;

  const hub = await startTestHub({ TIDINGS_NATS_URL: nats.url });
  onTestFinished(() => hub.stop());
  const stored = await readStored(hub, 'builds.1');
  expect(stored.map(({ data }) => data)).toEqual([
    ...Array.from({ length: EVENTS }, (_, number) => number),
    { code: 0 },
  ]);
  expect(stored.at(-1)).toMatchObject({ event: 'end', id });
  expect(proxy.cuts).toBeGreaterThan(5);
});
