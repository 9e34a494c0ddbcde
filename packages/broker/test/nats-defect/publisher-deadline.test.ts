import { createFakeClock } from '@tidings/runtime/testing';
import { headers, type NatsConnection } from 'nats';
import { expect, test } from 'vitest';
import { createPublisher } from '../../src/nats/publisher.ts';
import { linkStandIn, log, metrics } from './stand-ins.ts';

test('a publish that nobody answers is given up after 15 s, as its message and the documents say', async () => {
  const clock = createFakeClock();
  const link = linkStandIn({ publish() {} } as Partial<NatsConnection>);
  const inbox = { open: () => ({ subject: 'reply', close() {} }) };
  const publisher = createPublisher({ link, inbox, clock, log, metrics });
  let endedMs: number | undefined;
  const startMs = clock.elapsed();
  const ending = publisher.store('evt.0.default.a', headers(), Buffer.from('one')).catch(() => {
    endedMs = clock.elapsed() - startMs;
  });
  for (let tick = 0; tick < 200 && endedMs === undefined; tick += 1) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ending;
  expect(endedMs).toBeLessThanOrEqual(15_200);
});
