import { createMetrics, type Metrics, systemClock } from '@tidings/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRecordingSink, eventOf, type RecordingSink, selectionOf, textOf } from '../../src/contract/fixture.ts';
import type { NatsBrokerOptions } from '../../src/nats/options.ts';
import { toStreamConfig } from '../../src/nats/stream-config.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';
import { createGate } from './gate.ts';

let fixture: NatsFixture;
let ingest: Broker;

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(async () => {
  await fixture.deleteStream();
  fixture.lines.length = 0;
  ingest = fixture.create('ingest');
  onTestFinished(() => ingest.close());
  await ingest.open();
});

interface InterestedEdge {
  readonly broker: Broker;
  readonly sink: RecordingSink;
  readonly metrics: Metrics;
}

async function openEdge(change: Partial<NatsBrokerOptions> = {}): Promise<InterestedEdge> {
  const metrics = createMetrics();
  const broker = fixture.create('edge', { feed: 'interest', metrics, ...change });
  onTestFinished(() => broker.close());
  await broker.open();
  const sink = createRecordingSink();
  await broker.openFeed(sink);
  return { broker, sink, metrics };
}

/** Events that were read from the log, since nobody told of them or they did not come; by cause. */
async function readFromLog({ metrics }: InterestedEdge): Promise<Record<string, number>> {
  const read = (await metrics.feedRepaired.get()).values.filter(({ value }) => value > 0);
  return Object.fromEntries(read.map(({ labels, value }) => [labels.cause, value]));
}

async function publishEach(topics: readonly string[], from: number, count: number): Promise<number> {
  let last = 0;
  for (let at = from; at < from + count; at += 1) {
    last = (await ingest.publish(eventOf(topics[at % topics.length] as string, `${at}`))).seq;
  }
  return last;
}

const reaches = (broker: Broker, place: number): Promise<unknown> =>
  vi.waitFor(() => expect(broker.position()).toBeGreaterThanOrEqual(place), { timeout: 8_000, interval: 5 });

const TOPICS = Array.from({ length: 30 }, (_, at) => `t.${at}`);

/** What of so many events was published on these topics, in order. */
const textsOf = (topics: readonly string[], count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => from + at)
    .filter((at) => topics.includes(TOPICS[at % TOPICS.length] as string))
    .map(String);

describe('a feed of what is followed', () => {
  it('is sent that alone, passes the rest by what is told of it, and reads nothing', async () => {
    const edge = await openEdge();
    await edge.broker.follow(selectionOf('t.3', 't.7'));
    await reaches(edge.broker, await publishEach(TOPICS, 0, 300));
    expect(edge.sink.messages.map(textOf)).toEqual(textsOf(['t.3', 't.7'], 300));
    expect(await readFromLog(edge)).toEqual({});
    expect(await edge.metrics.text()).toContain('\ntidings_feed_subscriptions 2\n');
    expect(edge.broker.health().detail).toMatchObject({ feed: 'interest', subscriptions: 2 });
    const { connections } = (await (await fetch(`${fixture.server.monitorUrl}/connz`)).json()) as {
      connections: { name: string; out_bytes: number }[];
    };
    // 280 other events of some 250 B each were not sent.
    const live = connections.filter(({ name }) => name === 'tidings edge live').at(-1);
    expect(live?.out_bytes).toBeLessThan(45_000);
  });

  it('has an early place from which it is whole where the topic was quiet, and the last event where it was not', async () => {
    const edge = await openEdge();
    const last = await publishEach(['busy', 'other', 'other.1'], 0, 30);
    await reaches(edge.broker, last);
    const quiet = await edge.broker.follow(selectionOf('quiet', 'quiet.>'));
    expect(quiet.from).toBe(0);
    const busy = await edge.broker.follow(selectionOf('busy'));
    expect(busy.from).toBe(28);
    const pattern = await edge.broker.follow(selectionOf('other.*'));
    expect(pattern.from).toBe(30);
  });

  it('counts from no place before the log begins: what was evicted there, nobody followed here', async () => {
    const edge = await openEdge();
    await publishEach(['quiet'], 0, 1);
    await reaches(edge.broker, await publishEach(['busy'], 0, 20));
    await fixture.api('STREAM.PURGE.EVT_0', { seq: 11 });
    expect((await edge.broker.follow(selectionOf('quiet'))).from).toBe(10);
    expect((await edge.broker.follow(selectionOf('none.*'))).from).toBe(10);
    expect((await edge.broker.bounds()).first).toBe(11);
  });

  it('reads what a publisher stored that tells nothing, as one of an older version', async () => {
    const edge = await openEdge();
    await edge.broker.follow(selectionOf('a'));
    for (let at = 0; at < 40; at += 1) {
      await fixture.admin.request(`evt.0.default.${at % 4 === 0 ? 'a' : 'b'}`, `${at}`);
    }
    await reaches(edge.broker, 40);
    expect(edge.sink.messages.map(textOf)).toEqual(['0', '4', '8', '12', '16', '20', '24', '28', '32', '36']);
  });

  it.each([
    ['since a moment ago', 0],
    ['for long', 60_000],
  ])(
    'reads what a subscription should have brought, %s, that the server does not have, in its order',
    async (_since, ageMs) => {
      let offsetMs = 0;
      const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + offsetMs };
      const asked: string[] = [];
      const gate = await createGate(fixture.server.port, (bytes) => {
        const text = bytes.toString('latin1');
        if (text.includes('SUB live.0.default.t.3 ')) asked.push('t.3');
        return Buffer.from(text.replace('SUB live.0.default.t.3 ', 'SUB live.0.default.t.X '), 'latin1');
      });
      onTestFinished(() => gate.remove());
      const edge = await openEdge({ servers: [gate.url], clock });
      await edge.broker.follow(selectionOf('t.3', 't.4', 't.5'));
      offsetMs = ageMs;
      await reaches(edge.broker, await publishEach(TOPICS, 0, 90));
      expect(asked).toEqual(['t.3']);
      expect(edge.sink.messages.map(textOf)).toEqual(textsOf(['t.3', 't.4', 't.5'], 90));
      expect(await readFromLog(edge)).toEqual({ hole: 3 });
    },
  );

  it('loses, repeats and disorders nothing when its connections are cut while events flow, again and again', async () => {
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const edge = await openEdge({ servers: [gate.url] });
    const followed = ['t.0', 't.1', 't.2', 't.10', 't.20'];
    await edge.broker.follow(selectionOf(...followed, 't.1*', 't.0'));
    let last = 0;
    let rest = Promise.resolve(0);
    for (let round = 0; round < 4; round += 1) {
      rest = publishEach(TOPICS, round * 200, 200);
      gate.shut();
      // Comes into force as soon as there is a connection.
      const later = round === 1 ? edge.broker.follow(selectionOf('later')) : undefined;
      await new Promise((resolve) => setImmediate(resolve));
      gate.open();
      last = await rest;
      await later;
    }
    await reaches(edge.broker, last);
    expect(edge.sink.messages.map(textOf)).toEqual(textsOf(followed, 800));
    const { seq } = await ingest.publish(eventOf('later', 'later'));
    await reaches(edge.broker, seq);
    expect(edge.sink.messages.map(textOf).at(-1)).toBe('later');
  });

  it('takes on a topic while its connections are away, and is fed what was stored of it meanwhile', async () => {
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const edge = await openEdge({ servers: [gate.url] });
    await reaches(edge.broker, await publishEach(['a'], 0, 5));
    gate.shut();
    await vi.waitFor(() => expect(edge.broker.health().detail.connections).toBe('0 of 2'), 5_000);
    const { from } = await edge.broker.follow(selectionOf('b'));
    expect(from).toBe(5);
    const last = await publishEach(['b', 'c'], 0, 10);
    gate.open();
    await reaches(edge.broker, last);
    expect(edge.sink.messages.map(textOf)).toEqual(['0', '2', '4', '6', '8']);
  });

  it('goes on in a log that replaces its own, and follows there what it followed', async () => {
    const edge = await openEdge();
    await reaches(edge.broker, await publishEach(['a', 'b'], 0, 20));
    const interest = await edge.broker.follow(selectionOf('a'));
    expect(interest.from).toBe(19);
    await fixture.deleteStream();
    const config = { ...toStreamConfig({ maxBytes: 64_000_000, maxAgeMs: 3_600_000 }, 1) };
    await fixture.api('STREAM.CREATE.EVT_0', { ...config, metadata: { 'tidings.epoch': 'another' } });
    await publishEach(['b', 'a'], 0, 4);
    await vi.waitFor(() => expect(edge.broker.epoch).toBe('another'), { timeout: 8_000 });
    const restart = edge.sink.calls.find((call) => call.startsWith('restart'));
    const last = await publishEach(['b', 'a'], 100, 10);
    await reaches(edge.broker, last);
    expect(restart).toBe(`restart ${interest.from}`);
    expect(interest.from).toBeLessThanOrEqual(4);
    expect(edge.sink.messages.map(textOf).slice(-5)).toEqual(['101', '103', '105', '107', '109']);
  });
});

describe('a log whose end is lost, and written anew while a process is away', () => {
  it.each([['all'], ['interest']] as const)('is found out by one that is fed %s', async (feed) => {
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const edge = await openEdge({ servers: [gate.url], feed });
    await edge.broker.follow(selectionOf('a'));
    await reaches(edge.broker, await publishEach(['a', 'b'], 0, 10));
    gate.shut();
    await fixture.deleteStream();
    const config = toStreamConfig({ maxBytes: 64_000_000, maxAgeMs: 3_600_000 }, 1);
    await fixture.api('STREAM.CREATE.EVT_0', { ...config, metadata: { 'tidings.epoch': edge.broker.epoch } });
    for (let at = 1; at <= 12; at += 1) await fixture.admin.request('evt.0.default.a', `new ${at}`);
    gate.open();
    await vi.waitFor(() => expect(edge.sink.calls.at(-1)).toBe('restart 12'), 8_000);
  });
});

describe('what is told of places', () => {
  const tell = async (notice: unknown): Promise<void> => {
    fixture.admin.publish('idx.0', typeof notice === 'string' ? notice : JSON.stringify(notice));
    await fixture.admin.flush();
  };

  it('is not believed where it is nonsense, of another log, or about places that nobody has', async () => {
    const edge = await openEdge();
    await edge.broker.follow(selectionOf('a'));
    const { epoch } = edge.broker;
    for (const notice of ['', '{', '[]', 'null', '{"epoch":7}', { epoch, from: -1, at: ['default.x', 0] }]) {
      await tell(notice);
    }
    await tell({ epoch, from: 1, at: ['default.x', 'all'] });
    await tell({ epoch: 'another', from: 1, at: ['default.x', [0, 1, 2, 3]] });
    await tell({ epoch, from: 1, at: ['default.x', 1_000_000_000] });
    await reaches(edge.broker, await publishEach(['a', 'b'], 0, 20));
    expect(edge.sink.messages).toHaveLength(10);
    expect(edge.sink.calls.filter((call) => call.startsWith('restart'))).toEqual([]);
  });

  it('is found out where the log has something else there: whoever counted on it is told', async () => {
    const edge = await openEdge();
    await edge.broker.follow(selectionOf('a'));
    await reaches(edge.broker, await publishEach(['a', 'b'], 0, 10));
    await tell({ epoch: edge.broker.epoch, from: 11, at: ['default.x', 0] });
    await reaches(edge.broker, 11);
    await ingest.publish(eventOf('a', 'passed over'));
    await vi.waitFor(() => expect(edge.sink.calls.at(-1)).toBe('restart 11'), 5_000);
  });
});
