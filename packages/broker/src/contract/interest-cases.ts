import assert from 'node:assert/strict';
import type { BrokerHarness } from './broker-contract.ts';
import { until } from './cluster-contract.ts';
import { collect, createRecordingSink, eventOf, type RecordingSink, selectionOf, textOf } from './fixture.ts';

/** What following promises, whether the broker is fed everything or only what is followed. */
export function interestCases({ test, open }: BrokerHarness): void {
  /** What came of these topics: a broker may feed others as well. */
  const textsOn = ({ messages }: RecordingSink, ...topics: string[]): string[] =>
    messages.filter(({ topic }) => topics.includes(topic)).map(textOf);

  test('what is stored after a topic is followed is fed in order, once, and the position passes the rest', async () => {
    const opened = await open();
    const { broker } = opened;
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    await broker.publish(eventOf('other', 'before'));
    const interest = await broker.follow(selectionOf('a.b', 'c'));
    assert.ok(interest.from <= broker.position());
    let last = 0;
    for (let count = 0; count < 30; count += 1) {
      const topic = ['a.b', 'other', 'c', 'a.other'][count % 4] as string;
      last = (await broker.publish(eventOf(topic, `${count}`))).seq;
    }
    await until(opened, () => broker.position() >= last);
    const expected = Array.from({ length: 30 }, (_, count) => count).filter((count) => count % 2 === 0);
    assert.deepEqual(textsOn(sink, 'a.b', 'c'), expected.map(String));
  });

  test('an event that several patterns and topics match is fed once, stored or not', async () => {
    const opened = await open();
    const { broker } = opened;
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    for (const patterns of [['a.b'], ['a.*'], ['>'], ['a.>', 'a.b']]) await broker.follow(selectionOf(...patterns));
    await broker.publish(eventOf('a.b', 'stored'));
    await broker.publish(eventOf('a.b', 'live', { store: false }));
    const { seq } = await broker.publish(eventOf('a.b', 'last'));
    await until(opened, () => broker.position() >= seq && sink.messages.length >= 3);
    assert.deepEqual(textsOn(sink, 'a.b').sort(), ['last', 'live', 'stored']);
  });

  test('what is followed while events flow is fed without a hole from the place that was named', async () => {
    const opened = await open();
    const { broker } = opened;
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    const publishing = (async () => {
      for (let count = 0; count < 120; count += 1) await broker.publish(eventOf(`t.${count % 3}`, `${count}`));
    })();
    const interests = new Map<string, number>();
    for (const topic of ['t.0', 't.1', 't.2']) interests.set(topic, (await broker.follow(selectionOf(topic))).from);
    await publishing;
    const { last } = await broker.bounds();
    await until(opened, () => broker.position() >= last);
    for (const [topic, from] of interests) {
      const pages = broker.history(selectionOf(topic), { after: from, upTo: last }, AbortSignal.timeout(10_000));
      const stored = (await collect(pages)).map(textOf);
      const fed = sink.messages.filter((message) => message.topic === topic && message.seq > from).map(textOf);
      assert.deepEqual(fed, stored);
    }
  });

  test('a tenant is followed by itself', async () => {
    const opened = await open();
    const { broker } = opened;
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    await broker.follow({ tenant: 'acme', patterns: ['a'] });
    await broker.publish(eventOf('a', 'default'));
    const { seq } = await broker.publish(eventOf('a', 'acme', { tenant: 'acme' }));
    await until(opened, () => broker.position() >= seq);
    assert.deepEqual(sink.messages.filter(({ tenant }) => tenant === 'acme').map(textOf), ['acme']);
  });

  test('who lets go keeps what others follow', async () => {
    const opened = await open();
    const { broker } = opened;
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    const one = await broker.follow(selectionOf('a'));
    await broker.follow(selectionOf('a'));
    one.release();
    one.release();
    const { seq } = await broker.publish(eventOf('a', 'x'));
    await until(opened, () => broker.position() >= seq);
    assert.deepEqual(textsOn(sink, 'a'), ['x']);
  });
}
