import assert from 'node:assert/strict';
import type { BrokerHarness } from './broker-contract.ts';
import { createRecordingSink, eventOf, openFeedOfAll, selectionOf, textOf } from './fixture.ts';

/** What the feed promises. */
export function feedCases({ test, open }: BrokerHarness): void {
  test('the feed starts once, at the head, before its first message', async () => {
    const { broker } = await open();
    const { seq } = await broker.publish(eventOf('a', 'before'));
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    assert.deepEqual(sink.calls, [`start ${seq}`]);
    assert.equal(broker.position(), seq);
  });

  test('the feed gets every event of every topic and tenant in order, once', async () => {
    const { broker } = await open();
    const sink = createRecordingSink();
    await openFeedOfAll(broker, sink);
    for (let index = 0; index < 40; index += 1) {
      await broker.publish(eventOf(`t.${index % 3}`, `${index}`, { tenant: index % 2 === 0 ? 'default' : 'acme' }));
    }
    await sink.received(40);
    assert.deepEqual(
      sink.messages.map(textOf),
      Array.from({ length: 40 }, (_, index) => `${index}`),
    );
    const places = sink.messages.map((message) => message.seq);
    assert.deepEqual(
      places,
      [...new Set(places)].sort((a, b) => a - b),
    );
    assert.equal(broker.position(), places.at(-1));
  });

  test('a message carries every field as it was published', async () => {
    const { broker } = await open();
    const sink = createRecordingSink();
    await openFeedOfAll(broker, sink);
    const input = eventOf('user.a%2Eb.😀', '{"n":1.50}', {
      tenant: 'acme',
      event: 'stätus: x',
      json: true,
      final: true,
      exclude: '01J',
      ttlSec: 60,
    });
    const { seq } = await broker.publish(input);
    await sink.received(1);
    const message = sink.messages[0];
    assert.ok(message);
    assert.equal(message.seq, seq);
    assert.equal(message.tenant, 'acme');
    assert.equal(message.topic, input.topic);
    assert.equal(message.event, 'stätus: x');
    assert.equal(textOf(message), '{"n":1.50}');
    assert.deepEqual([message.json, message.final, message.exclude], [true, true, '01J']);
    assert.ok(Math.abs(message.expiresAtMs - message.timeMs - 60_000) <= 1_000);
  });

  test('the span that an event is published by comes with it to the feed, stored or not, and with no other', async () => {
    const { broker } = await open();
    const sink = createRecordingSink();
    await openFeedOfAll(broker, sink);
    const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: 'x=1' };
    await broker.publish(eventOf('a', 'stored', { event: 'e' }), trace);
    await broker.publish(eventOf('a', 'between', { event: 'e' }));
    await sink.received(2);
    await broker.publish(eventOf('a', 'live', { store: false }), { ...trace, state: '' });
    await sink.received(3);
    assert.deepEqual(sink.traces, [trace, undefined, { ...trace, state: '' }]);
  });

  test('a process has one feed: opening a second is a programming mistake', async () => {
    const { broker } = await open();
    await broker.openFeed(createRecordingSink());
    await assert.rejects(broker.openFeed(createRecordingSink()), TypeError);
  });

  test('a purge is told to the sink, with the place up to which it holds', async () => {
    const { broker } = await open();
    const sink = createRecordingSink();
    await openFeedOfAll(broker, sink);
    const { seq } = await broker.publish(eventOf('a.b', 'x'));
    await broker.purge(selectionOf('a.>'));
    assert.deepEqual(sink.calls.slice(-1), [`purged a.> ${seq}`]);
  });
}
