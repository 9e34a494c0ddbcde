import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createRecordingSink, eventOf, textOf } from '../../src/contract/fixture.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;

beforeEach(async () => {
  fixture = await createNatsFixture();
});

afterEach(() => fixture.remove());

test('what was acknowledged is fed once and in order, however often the server is killed', {
  timeout: 90_000,
}, async () => {
  const hub = fixture.create('hub');
  await hub.open();
  const sink = createRecordingSink();
  await hub.openFeed(sink);
  onTestFinished(() => hub.close());
  const acknowledged = new Map<number, string>();
  let going = true;
  const publishers = Array.from({ length: 20 }, async (_, index) => {
    for (let count = 0; going; count += 1) {
      const text = `${index} ${count}`;
      const receipt = await hub.publish(eventOf(`t.${index}`, text)).catch(() => undefined);
      if (receipt !== undefined) acknowledged.set(receipt.seq, text);
      await hub.publish(eventOf('live', text, { store: false })).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  for (let round = 0; round < 6; round += 1) {
    await fixture.server.kill();
    await fixture.server.restart();
    await expect.poll(() => hub.health().ready, { timeout: 10_000 }).toBe(true);
    const { seq } = await hub.publish(eventOf('round', `${round}`));
    acknowledged.set(seq, `${round}`);
  }
  going = false;
  await Promise.all(publishers);
  await expect.poll(() => hub.position(), { timeout: 10_000 }).toBe((await hub.bounds()).last);
  const stored = sink.messages.filter(({ seq }) => seq > 0);
  const places = stored.map(({ seq }) => seq);
  expect(places).toEqual(Array.from({ length: places.length }, (_, index) => index + 1));
  const fed = new Map(stored.map((message) => [message.seq, textOf(message)]));
  expect([...acknowledged].filter(([seq, text]) => fed.get(seq) !== text)).toEqual([]);
  expect(new Set(stored.map((message) => `${message.topic} ${textOf(message)}`)).size).toBe(stored.length);
});
