import { headers as createHeaders } from 'nats';
import { expect, onTestFinished, test } from 'vitest';
import { createRecordingSink, eventOf } from '../../src/contract/fixture.ts';
import { createNatsFixture } from '../nats-fixture.ts';

test('a log that was written anew from some place on restarts the feed once, however many messages show it', {
  timeout: 40_000,
}, async () => {
  const fixture = await createNatsFixture();
  onTestFinished(() => fixture.remove());
  const hub = fixture.create('hub');
  await hub.open();
  onTestFinished(() => hub.close());
  const sink = createRecordingSink();
  await hub.openFeed(sink);
  for (let index = 1; index <= 200; index += 1) await hub.publish(eventOf('a', `first ${index}`));
  await sink.received(200);
  // What a server republishes that lost these places and gave them to other messages.
  for (let seq = 101; seq <= 200; seq += 1) {
    const headers = createHeaders();
    headers.set('Nats-Sequence', `${seq}`);
    headers.set('Nats-Subject', 'evt.0.default.a');
    headers.set('Nats-Time-Stamp', '2026-01-01T00:00:00Z');
    fixture.admin.publish('live.0.default.a', Buffer.from('second'), { headers });
  }
  await fixture.admin.flush();
  await expect.poll(() => sink.calls.some((call) => call.startsWith('restart'))).toBe(true);
  await hub.bounds();
  await hub.bounds();
  expect(sink.calls.filter((call) => call.startsWith('restart'))).toHaveLength(1);
});
