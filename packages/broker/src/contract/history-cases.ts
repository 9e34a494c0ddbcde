import assert from 'node:assert/strict';
import type { BrokerHarness, OpenedBroker } from './broker-contract.ts';
import { collect, createRecordingSink, eventOf, openFeedOfAll, readAll, selectionOf, textOf } from './fixture.ts';

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** What reading back promises: history, the newest of each topic, replay starts, ttl, purge and bounds. */
export function historyCases({ test, open }: BrokerHarness): void {
  // Reads need what they read to have been fed, so every case opens the feed and waits for it.
  async function filled(
    limits: Parameters<typeof open>[0],
    ...events: [topic: string, text: string, ttlSec?: number, tenant?: string][]
  ): Promise<OpenedBroker & { places: number[] }> {
    const opened = await open(limits);
    const sink = createRecordingSink();
    await openFeedOfAll(opened.broker, sink);
    const places: number[] = [];
    for (const [topic, text, ttlSec = 0, tenant = 'default'] of events) {
      places.push((await opened.broker.publish(eventOf(topic, text, { ttlSec, tenant }))).seq);
    }
    await sink.received(events.length);
    return { ...opened, places };
  }

  test('history yields what matches in (after, upTo], ascending over topics', async () => {
    const { broker, places } = await filled({}, ['a', '1'], ['b', '2'], ['a', '3'], ['c', '4'], ['b', '5']);
    const [, second, , fourth] = places as [number, number, number, number, number];
    const range = { after: (places[0] as number) - 1, upTo: fourth };
    const both = await collect(broker.history(selectionOf('a', 'b'), range, soon()));
    assert.deepEqual(both.map(textOf), ['1', '2', '3']);
    const later = await collect(broker.history(selectionOf('a', 'b'), { after: second, upTo: fourth }, soon()));
    assert.deepEqual(later.map(textOf), ['3']);
  });

  test('history with overlapping patterns yields an event once; wildcards match by token', async () => {
    const { broker } = await filled({}, ['a.b', '1'], ['a.b.c', '2'], ['a', '3'], ['ab.c', '4']);
    assert.deepEqual(await readAll(broker, 'a.*', 'a.b', 'a.>'), ['1', '2']);
    assert.deepEqual(await readAll(broker, '*'), ['3']);
    assert.deepEqual(await readAll(broker, '>'), ['1', '2', '3', '4']);
    assert.deepEqual(await readAll(broker, 'nothing.here'), []);
  });

  test('tenants never see each other, whatever the pattern', async () => {
    const { broker } = await filled({}, ['a', 'mine'], ['a', 'theirs', 0, 'acme'], ['default.a', 'odd', 0, 'acme']);
    assert.deepEqual(await readAll(broker, '>'), ['mine']);
    const { last } = await broker.bounds();
    const latest = broker.latest(selectionOf('>'), { after: 0, upTo: last }, soon());
    assert.deepEqual((await collect(latest)).map(textOf), ['mine']);
  });

  test('history over many topics and pages is complete', async () => {
    const { broker } = await open();
    const sink = createRecordingSink();
    await openFeedOfAll(broker, sink);
    const block = 'x'.repeat(30_000);
    const inputs = Array.from({ length: 120 }, (_, index) => eventOf(`t.${index % 100}`, `${index}:${block}`));
    await Promise.all(inputs.map((input) => broker.publish(input)));
    await sink.received(inputs.length);
    const texts = (await readAll(broker, 't.*')).map((text) => Number(text.split(':')[0]));
    assert.deepEqual(
      [...texts].sort((a, b) => a - b),
      Array.from({ length: 120 }, (_, index) => index),
    );
  });

  test('an aborted history ends with the reason of the abort, never as if it were complete', async () => {
    const { broker, places } = await filled({}, ['a', '1']);
    const reason = new Error('enough');
    const range = { after: 0, upTo: places[0] as number };
    await assert.rejects(collect(broker.history(selectionOf('a'), range, AbortSignal.abort(reason))), reason);
  });

  test('latest yields the newest event of every matching topic, oldest first, within the range', async () => {
    const { broker, places } = await filled({}, ['a', '1'], ['b', '2'], ['a', '3'], ['c', '4']);
    const [first, , , fourth] = places as [number, number, number, number];
    const latest = async (after: number, upTo: number): Promise<string[]> =>
      (await collect(broker.latest(selectionOf('a', 'b'), { after, upTo }, soon()))).map(textOf);
    assert.deepEqual(await latest(0, fourth), ['2', '3']);
    assert.deepEqual(await latest(first + 1, fourth), ['3']);
    assert.deepEqual(await latest(0, first + 1), ['1', '2']);
  });

  test('startOf a count is the place before the last N matching events', async () => {
    const { broker, places } = await filled({}, ['a', '1'], ['x', '-'], ['a', '2'], ['b', '3'], ['x', '-']);
    const upTo = places.at(-1) as number;
    const replay = async (count: number): Promise<string[]> => {
      const after = await broker.startOf(selectionOf('a', 'b'), { count }, upTo, soon());
      return (await collect(broker.history(selectionOf('a', 'b'), { after, upTo }, soon()))).map(textOf);
    };
    assert.deepEqual(await replay(2), ['2', '3']);
    assert.deepEqual(await replay(100), ['1', '2', '3']);
    assert.equal(await broker.startOf(selectionOf('none'), { count: 5 }, upTo, soon()), upTo);
  });

  test('startOf a time is the place before the first matching event at or after it', async () => {
    const { broker, elapse } = await filled({}, ['a', 'early']);
    await elapse(1_100);
    const { seq } = await broker.publish(eventOf('a', 'late'));
    const { last } = await broker.bounds();
    const all = await collect(broker.history(selectionOf('a'), { after: 0, upTo: last }, soon()));
    const [early, late] = all.map((message) => message.timeMs) as [number, number];
    assert.ok(early < late);
    assert.equal(await broker.startOf(selectionOf('a'), { sinceMs: late }, last, soon()), seq - 1);
    assert.ok((await broker.startOf(selectionOf('a'), { sinceMs: early }, last, soon())) < seq - 1);
    assert.equal(await broker.startOf(selectionOf('a'), { sinceMs: late + 1 }, last, soon()), last);
  });

  test('section 5: an event leaves history after its ttl, and others stay', async () => {
    const { broker, elapse } = await filled({}, ['a', 'short', 1], ['a', 'long'], ['b', 'short', 1]);
    await elapse(3_000);
    assert.deepEqual(await readAll(broker, '>'), ['long']);
    const { last } = await broker.bounds();
    const latest = await collect(broker.latest(selectionOf('>'), { after: 0, upTo: last }, soon()));
    assert.deepEqual(latest.map(textOf), ['long']);
  });

  test('purge erases what matches and nothing else', async () => {
    const { broker } = await filled({}, ['a.1', 'x'], ['b', 'keep'], ['a.2', 'y'], ['a.1', 'theirs', 0, 'acme']);
    await broker.purge(selectionOf('a.>'));
    assert.deepEqual(await readAll(broker, '>'), ['keep']);
    const { last } = await broker.bounds();
    const theirs = broker.history({ tenant: 'acme', patterns: ['>'] }, { after: 0, upTo: last }, soon());
    assert.deepEqual((await collect(theirs)).map(textOf), ['theirs']);
  });

  test('history older than its age is evicted, and bounds say so', async () => {
    const { broker, elapse, places } = await filled({ maxAgeMs: 2_000 }, ['a', 'old']);
    await elapse(4_000);
    await broker.publish(eventOf('a', 'new'));
    const { first } = await broker.bounds();
    assert.ok(first > (places[0] as number));
    assert.deepEqual(await readAll(broker, 'a'), ['new']);
  });

  test('history over its size loses the oldest first, and bounds say so', async () => {
    const { broker } = await open({ maxBytes: 1_000_000 });
    await openFeedOfAll(broker, createRecordingSink());
    const block = 'x'.repeat(100_000);
    for (let index = 0; index < 15; index += 1) await broker.publish(eventOf('a', `${index}:${block}`));
    const { first, last } = await broker.bounds();
    const kept = (await readAll(broker, 'a')).map((text) => Number(text.split(':')[0]));
    assert.ok(first > 1 && kept.length < 15 && kept.length > 5);
    assert.equal(kept.at(-1), 14);
    assert.equal(kept.length, last - first + 1);
  });
}
