import assert from 'node:assert/strict';
import type { BrokerHarness } from './broker-contract.ts';
import { createRecordingSink, eventOf, openFeedOfAll, readAll, withCode } from './fixture.ts';

/** What `publish` promises. */
export function publishCases({ test, open }: BrokerHarness): void {
  test('publish answers the place of the event, and places ascend over all topics', async () => {
    const { broker } = await open();
    const first = await broker.publish(eventOf('a', 'one'));
    const second = await broker.publish(eventOf('b', 'two'));
    assert.ok(first.seq > 0);
    assert.ok(second.seq > first.seq);
    assert.equal(first.epoch, broker.epoch);
    assert.equal(first.duplicate, false);
  });

  test('events of one topic are stored in the order of the calls, without waiting in between', async () => {
    const { broker } = await open();
    await openFeed(broker);
    const texts = Array.from({ length: 50 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => broker.publish(eventOf('a', text))));
    assert.deepEqual(await readAll(broker, 'a'), texts);
  });

  test('section 5: the same id on the same topic within the window is stored once', async () => {
    const { broker } = await open();
    await openFeed(broker);
    const first = await broker.publish(eventOf('a', 'one', { id: 'k' }));
    const again = await broker.publish(eventOf('a', 'other body', { id: 'k' }));
    assert.deepEqual([again.seq, again.duplicate], [first.seq, true]);
    assert.deepEqual(await readAll(broker, 'a'), ['one']);
  });

  test('section 5: the same id on another topic or of another tenant is another event', async () => {
    const { broker } = await open();
    const receipts = [
      await broker.publish(eventOf('a', 'one', { id: 'k' })),
      await broker.publish(eventOf('b', 'two', { id: 'k' })),
      await broker.publish(eventOf('a', 'three', { id: 'k', tenant: 'acme' })),
    ];
    assert.deepEqual(
      receipts.map((receipt) => receipt.duplicate),
      [false, false, false],
    );
  });

  test('section 5: after the idempotency window the same id is stored again', async () => {
    const { broker, elapse } = await open({ idempotencyWindowMs: 1_000 });
    await broker.publish(eventOf('a', 'one', { id: 'k' }));
    await elapse(2_500);
    assert.equal((await broker.publish(eventOf('a', 'two', { id: 'k' }))).duplicate, false);
  });

  test('section 5: a live-only event has no place, is fed, and never enters history', async () => {
    const { broker } = await open();
    const sink = await openFeed(broker);
    const receipt = await broker.publish(eventOf('a', 'typing', { store: false }));
    assert.equal(receipt.seq, 0);
    await sink.received(1);
    assert.equal(sink.messages[0]?.seq, 0);
    assert.deepEqual(await readAll(broker, '>'), []);
  });

  test('publish after close is refused as unavailable', async () => {
    const { broker } = await open();
    await broker.close();
    await assert.rejects(broker.publish(eventOf('a', 'late')), withCode('unavailable'));
    assert.equal(broker.health().ready, false);
    await broker.close();
  });

  async function openFeed(broker: Awaited<ReturnType<typeof open>>['broker']) {
    const sink = createRecordingSink();
    await openFeedOfAll(broker, sink);
    return sink;
  }
}
