import assert from 'node:assert/strict';
import type { Broker } from '../port.ts';
import type { BrokerHarness, OpenedBroker } from './broker-contract.ts';
import {
  createRecordingSink,
  eventOf,
  openFeedOfAll,
  type RecordingSink,
  readAll,
  selectionOf,
  textOf,
  withCode,
} from './fixture.ts';

// What the server moves by itself comes so late at the most, on a busy machine too.
const SOON_MS = 400;

/** What a feed has of `Schedules`. */
export function scheduleFeedCases({ test, open }: BrokerHarness): void {
  test('a scheduled event is published at its time, and not before, as it was given', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const dueMs = opened.now() + SOON_MS;
    const given = { event: 'status', json: true, exclude: 's1', final: true, ttlSec: 60, id: 'k' };
    const receipt = await opened.broker.schedules.put(eventOf('a.ü:c', '{"n":1}', given), dueMs);
    assert.deepEqual([receipt.dueMs, receipt.duplicate], [dueMs, false]);
    await opened.broker.publish(eventOf('a', 'meanwhile'));
    await fed(opened, sink, 2);
    const [before, message] = sink.messages;
    assert.equal(before && textOf(before), 'meanwhile');
    assert.ok(message);
    assert.equal(textOf(message), '{"n":1}');
    const { topic, event, json, exclude, final, seq } = message;
    assert.deepEqual([topic, event, json, exclude, final], ['a.ü:c', 'status', true, 's1', true]);
    assert.ok(seq > 0 && message.timeMs >= dueMs && opened.now() >= dueMs);
    assert.equal(message.expiresAtMs, message.timeMs + 60_000);
    await gone(opened, receipt.id);
    assert.deepEqual(await readAll(opened.broker, '>'), ['meanwhile', '{"n":1}']);
  });
}

/** What `Schedules` promises. */
export function scheduleCases({ test, open }: BrokerHarness): void {
  test('an event whose time has come is published at once, and those of one topic in the order of their times', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const { schedules } = opened.broker;
    await schedules.put(eventOf('a', 'past'), opened.now() - 60_000);
    await fed(opened, sink, 1);
    const dueMs = opened.now() + SOON_MS;
    const texts = ['one', 'two', 'three'];
    for (const [place, text] of texts.entries()) await schedules.put(eventOf('a', text), dueMs + place);
    await fed(opened, sink, 4);
    assert.deepEqual(sink.messages.map(textOf), ['past', ...texts]);
  });

  test('those of one topic that are given together for the same time are published in the order in which they were given', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const dueMs = opened.now() + SOON_MS;
    const texts = Array.from({ length: 60 }, (_, n) => `${n}`);
    await Promise.all(texts.map((text) => opened.broker.schedules.put(eventOf('a', text), dueMs)));
    await fed(opened, sink, texts.length);
    assert.deepEqual(sink.messages.map(textOf), texts);
  });

  test('the same key on the same topic is one schedule, with the time of the first; on another topic another', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const { schedules } = opened.broker;
    const dueMs = opened.now() + SOON_MS;
    const first = await schedules.put(eventOf('a', 'one', { id: 'k' }), dueMs);
    const again = await schedules.put(eventOf('a', 'two', { id: 'k' }), dueMs + 60_000);
    assert.deepEqual(again, { id: first.id, dueMs, duplicate: true });
    const others = [
      await schedules.put(eventOf('b', 'three', { id: 'k' }), dueMs),
      await schedules.put(eventOf('a', 'four', { id: 'k', tenant: 'acme' }), dueMs),
      await schedules.put(eventOf('a', 'five'), dueMs),
    ];
    assert.ok(others.every(({ duplicate }) => !duplicate));
    await fed(opened, sink, 4);
    assert.deepEqual(sink.messages.map(textOf).sort(), ['five', 'four', 'one', 'three']);
    assert.equal((await schedules.put(eventOf('a', 'late', { id: 'k' }), dueMs)).duplicate, true);
  });

  test('one that was cancelled is never published; what is not there, or of another tenant, can not be', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const { schedules } = opened.broker;
    const { id } = await schedules.put(eventOf('a', 'never'), opened.now() + SOON_MS);
    const kept = await schedules.put(eventOf('a', 'kept'), opened.now() + 2 * SOON_MS);
    assert.equal((await schedules.get('default', id))?.event.topic, 'a');
    assert.equal(await schedules.get('acme', id), undefined);
    assert.equal(await schedules.cancel('acme', id), false);
    assert.equal(await schedules.cancel('default', id), true);
    assert.equal(await schedules.cancel('default', id), false);
    assert.equal(await schedules.get('default', id), undefined);
    await fed(opened, sink, 1);
    await gone(opened, kept.id);
    assert.equal(await schedules.cancel('default', kept.id), false);
    assert.deepEqual(sink.messages.map(textOf), ['kept']);
  });

  test('cancelled at the moment when they fall due, each is cancelled or published, and never both or neither', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const { schedules } = opened.broker;
    const dueMs = opened.now() + SOON_MS;
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) ids.push((await schedules.put(eventOf(`t.${n}`, `${n}`), dueMs)).id);
    await opened.elapse(dueMs - opened.now() - 2);
    const cancelled: boolean[] = [];
    for (const id of ids) {
      cancelled.push(await schedules.cancel('default', id));
      await opened.elapse(1);
    }
    await fed(opened, sink, cancelled.filter((was) => !was).length);
    for (const id of ids) await gone(opened, id);
    const published = new Set(sink.messages.map(textOf));
    assert.deepEqual(
      ids.map((_id, n) => published.has(`${n}`)),
      cancelled.map((was) => !was),
    );
    assert.equal(sink.messages.length, published.size);
  });

  test('those that wait are listed in pages, of one tenant, in the order in which they were taken', async () => {
    const opened = await open();
    const { schedules } = opened.broker;
    const dueMs = opened.now() + 3_600_000;
    for (const n of [1, 2, 3]) await schedules.put(eventOf(`t.${n}`, `${n}`, { event: 'e' }), dueMs + 3 - n);
    await schedules.put(eventOf('other', 'x', { tenant: 'acme' }), dueMs);
    const first = await schedules.list('default', 0, 2);
    assert.deepEqual(
      first.schedules.map(({ event, dueMs: at }) => [event.topic, event.event, at - dueMs]),
      [
        ['t.1', 'e', 2],
        ['t.2', 'e', 1],
      ],
    );
    const rest = await schedules.list('default', first.next ?? Number.NaN, 2);
    assert.deepEqual(
      rest.schedules.map(({ event }) => event.topic),
      ['t.3'],
    );
    assert.equal(rest.next, undefined);
    assert.deepEqual(await schedules.list('nobody', 0, 2), { schedules: [], next: undefined });
  });

  test('a purge erases what is scheduled on its topics, in its tenant, and nothing else', async () => {
    const opened = await open();
    await openFeed(opened.broker);
    const { schedules } = opened.broker;
    const soonMs = opened.now() + SOON_MS;
    const farMs = soonMs + 3_600_000;
    for (const topic of ['a.1', 'a.2', 'b'])
      await schedules.put(eventOf(topic, topic), topic === 'a.1' ? soonMs : farMs);
    await schedules.put(eventOf('a.1', 'other', { tenant: 'acme' }), farMs);
    await opened.broker.purge(selectionOf('a.*', 'none'));
    assert.deepEqual(
      (await schedules.list('default', 0, 10)).schedules.map(({ event }) => event.topic),
      ['b'],
    );
    assert.equal((await schedules.list('acme', 0, 10)).schedules.length, 1);
    await opened.elapse(2 * SOON_MS);
    assert.deepEqual(await readAll(opened.broker, '>'), []);
  });

  test('a live-only one goes to whoever listens at its time, and has no place', async () => {
    const opened = await open();
    const sink = await openFeed(opened.broker);
    const { id } = await opened.broker.schedules.put(eventOf('a', 'now', { store: false }), opened.now() + SOON_MS);
    await fed(opened, sink, 1);
    await gone(opened, id);
    assert.deepEqual(
      sink.messages.map((message) => [textOf(message), message.seq]),
      [['now', 0]],
    );
    assert.deepEqual(await readAll(opened.broker, '>'), []);
  });

  test('a tenant may have so many that wait; the same key is no more', async () => {
    const opened = await open({ scheduleRoom: { perTenant: 2, bytes: 10_000 } });
    const { schedules } = opened.broker;
    const dueMs = opened.now() + 3_600_000;
    const { id } = await schedules.put(eventOf('a', 'one', { id: 'k' }), dueMs);
    await schedules.put(eventOf('a', 'two'), dueMs);
    await assert.rejects(schedules.put(eventOf('a', 'three'), dueMs), withCode('too-many-schedules'));
    assert.equal((await schedules.put(eventOf('a', 'one', { id: 'k' }), dueMs)).duplicate, true);
    await schedules.put(eventOf('a', 'other', { tenant: 'acme' }), dueMs);
    await assert.rejects(
      schedules.put(eventOf('a', 'x'.repeat(10_001), { tenant: 'acme' }), dueMs),
      withCode('too-many-schedules'),
    );
    await schedules.cancel('default', id);
    await schedules.put(eventOf('a', 'three'), dueMs);
  });
}

async function openFeed(broker: Broker): Promise<RecordingSink> {
  const sink = createRecordingSink();
  await openFeedOfAll(broker, sink);
  return sink;
}

// Lets time pass until so many have come.
async function fed({ elapse }: OpenedBroker, { messages }: RecordingSink, count: number): Promise<void> {
  for (let passedMs = 0; messages.length < count; passedMs += 20) {
    assert.ok(passedMs < 10_000, `${messages.length} of ${count} came`);
    await elapse(20);
  }
}

// What was published is there for a moment yet.
async function gone({ broker, elapse }: OpenedBroker, id: string): Promise<void> {
  for (let passedMs = 0; (await broker.schedules.get('default', id)) !== undefined; passedMs += 20) {
    assert.ok(passedMs < 10_000, 'it is still there');
    await elapse(20);
  }
}
