import { createLogger, createMetrics, type Metrics } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf, textOf } from '../../src/contract/fixture.ts';
import { createWholeScope } from '../../src/nats/feed-scope.ts';
import { createFollowing } from '../../src/nats/following.ts';
import { createJetStreamApi } from '../../src/nats/jetstream-api.ts';
import { dial } from '../../src/nats/link.ts';
import { createLogWatch } from '../../src/nats/log-watch.ts';
import type { NatsBrokerOptions, NatsRole } from '../../src/nats/options.ts';
import { createReplyInbox } from '../../src/nats/reply-inbox.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';
import { createGate } from './gate.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(() => fixture.deleteStream());

type Labelled = { labels: Partial<Record<string, string | number>>; value: number };
/** What was counted, by label; what was not is left out. */
const countsOf = async (metric: { get(): Promise<{ values: Labelled[] }> }): Promise<Record<string, number>> => {
  const counted = (await metric.get()).values.filter(({ value }) => value > 0);
  return Object.fromEntries(counted.map(({ labels, value }) => [Object.values(labels).join(), value]));
};
const connectedOf = async (metrics: Metrics): Promise<number | undefined> =>
  (await metrics.brokerConnected.get()).values[0]?.value;

/** A broker of its own, behind a gate that a test can shut. */
async function behindGate(role: NatsRole, change: Partial<NatsBrokerOptions> = {}) {
  const gate = await createGate(fixture.server.port);
  onTestFinished(() => gate.remove());
  const metrics = createMetrics();
  const broker = fixture.create(role, { servers: [gate.url], metrics, ...change });
  onTestFinished(() => broker.close());
  await broker.open();
  const sink = createRecordingSink();
  await broker.openFeed(sink);
  return { gate, metrics, broker, sink };
}

async function publisher() {
  const broker = fixture.create('ingest');
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

describe('a broker whose connections are cut', () => {
  it('feeds what others stored meanwhile, once and in order, and says that it was away', async () => {
    const others = await publisher();
    const { gate, metrics, broker, sink } = await behindGate('edge');
    await others.publish(eventOf('a', '0'));
    await sink.received(1);
    expect(await connectedOf(metrics)).toBe(1);

    gate.shut();
    await vi.waitFor(() => expect(broker.health()).toMatchObject({ live: true, ready: false }), 3_000);
    await vi.waitFor(async () => expect(await connectedOf(metrics)).toBe(0), 3_000);
    expect(broker.health().detail.connections).toBe('0 of 2');
    for (let at = 1; at <= 600; at += 1) await others.publish(eventOf(`t${at % 3}`, `${at}`));
    expect(sink.messages).toHaveLength(1);

    gate.open();
    await sink.received(601);
    expect(sink.messages.map(textOf)).toEqual(Array.from({ length: 601 }, (_, at) => `${at}`));
    expect(sink.calls.filter((call) => call.startsWith('start') || call.startsWith('restart'))).toHaveLength(1);
    await vi.waitFor(() => expect(broker.health()).toMatchObject({ live: true, ready: true }), 3_000);
    await vi.waitFor(async () => expect(await connectedOf(metrics)).toBe(1), 3_000);
    expect(await countsOf(metrics.brokerReconnects)).toEqual({ live: 1, replay: 1 });
    // By the repair that the reconnect asks for, or by a probe that was under way when it came.
    const repaired = await countsOf(metrics.feedRepaired);
    expect((repaired.gap ?? 0) + (repaired.probe ?? 0)).toBeGreaterThan(0);

    // It is live again, and does not live on repairs.
    await others.publish(eventOf('a', 'live'));
    await sink.received(602);
    expect((await countsOf(metrics.feedRepaired)).gap).toBe(repaired.gap);
  });

  it('reads on where it was, with a read that began before the cut and one that began after it', async () => {
    const others = await publisher();
    const { gate, broker, sink } = await behindGate('edge');
    await Promise.all(Array.from({ length: 1_500 }, (_, at) => others.publish(eventOf(`t${at % 100}`, `${at}`))));
    await sink.received(1_500);
    const range = { after: 0, upTo: broker.position() };
    const selection = { tenant: 'default', patterns: ['>'] };
    const begun = broker.history(selection, range, AbortSignal.timeout(10_000))[Symbol.asyncIterator]();
    const first = await begun.next();
    gate.shut();
    await vi.waitFor(() => expect(broker.health().ready).toBe(false), 3_000);
    const rest = collect({ [Symbol.asyncIterator]: () => begun });
    const late = collect(broker.history(selection, range, AbortSignal.timeout(10_000)));
    const latest = collect(broker.latest(selection, range, AbortSignal.timeout(10_000)));
    const bounds = broker.bounds();
    gate.open();
    expect((first.value?.messages.length ?? 0) + (await rest).length).toBe(1_500);
    expect(await late).toHaveLength(1_500);
    expect(await latest).toHaveLength(100);
    expect(await bounds).toEqual({ first: 1, last: 1_500 });
  });

  it('refuses at once what is not stored, and stores what is as soon as it is back, in order and once', async () => {
    const { gate, metrics, broker, sink } = await behindGate('hub');
    await broker.publish(eventOf('a', 'before'));
    gate.shut();
    await vi.waitFor(() => expect(broker.health().ready).toBe(false), 3_000);
    await expect(broker.publish(eventOf('a', 'typing', { store: false }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    const receipts = ['1', '2', '3'].map((text) => broker.publish(eventOf('a', text, { id: text })));
    const again = broker.publish(eventOf('a', '1', { id: '1' }));
    gate.open();
    const stored = await Promise.all(receipts);
    expect(stored.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [2, false],
      [3, false],
      [4, false],
    ]);
    expect(await again).toMatchObject({ seq: 2, duplicate: true });
    await vi.waitFor(() => expect(broker.position()).toBe(4), 3_000);
    expect(sink.messages.map(textOf)).toEqual(['before', '1', '2', '3']);
    // One is under way for the topic; the others wait behind it, and are no retries.
    expect(await countsOf(metrics.publishRetries)).toEqual({ disconnected: 1 });
    const allBack = { live: 1, replay: 1, publish: 1 };
    await vi.waitFor(async () => expect(await countsOf(metrics.brokerReconnects)).toEqual(allBack), 3_000);
    expect(broker.health().ready).toBe(true);
  });

  it('asks again what was under way at the cut, and it is stored once', async () => {
    const { gate, broker, sink } = await behindGate('hub');
    gate.stall();
    const receipts = Array.from({ length: 30 }, (_, at) => broker.publish(eventOf(`t${at % 3}`, `${at}`)));
    gate.open();
    await Promise.all(receipts);
    await sink.received(30);
    for (const topic of ['t0', 't1', 't2']) {
      const texts = sink.messages
        .filter((message) => message.topic === topic)
        .map((message) => Number(textOf(message)));
      expect(texts).toEqual([...texts].sort((one, other) => one - other));
    }
    expect(new Set(sink.messages.map(textOf)).size).toBe(30);
  });

  it('finds a lost last message by its probe, though no other comes after it', async () => {
    const others = await publisher();
    const clock = createFakeClock();
    const { gate, metrics, sink } = await behindGate('edge', { clock });
    await others.publish(eventOf('a', '1'));
    await sink.received(1);
    // A second server for what is live that stands still, while the other connection is cut and comes back.
    gate.stall();
    await others.publish(eventOf('a', '2'));
    gate.open();
    await sink.received(2);
    expect(sink.messages.map(textOf)).toEqual(['1', '2']);
    // What is missing may be found twice, where the machine is slow.
    expect((await countsOf(metrics.feedRepaired)).gap).toBeGreaterThanOrEqual(1);
  });

  it('lives on its probes alone where what is live stands still', async () => {
    const others = await publisher();
    // The connections begin at different servers: one goes through the gate, the other past it.
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const metrics = createMetrics();
    const log = createLogger('test', 'debug', { write() {} });
    const clock = createFakeClock();
    const dialTo = (name: 'live' | 'replay', url: string) =>
      dial(
        name,
        { access: { servers: [url], role: 'edge' }, log, metrics, taken: () => new Set<string>(), onChange() {} },
        new AbortController().signal,
      );
    const live = await dialTo('live', gate.url);
    const replay = await dialTo('replay', fixture.server.url);
    onTestFinished(async () => void (await Promise.all([live.close(), replay.close()])));
    const api = createJetStreamApi(replay.client);
    const first = await api.info();
    const watch = createLogWatch({ api, first, clock, log, metrics, position: () => 0, onEpoch() {} });
    const sink = createRecordingSink();
    const following = await createFollowing({
      live,
      replay,
      scope: createWholeScope(live),
      inbox: createReplyInbox(replay.client, '_INBOX_edge', () => {}),
      watch,
      sink,
      id: 'x',
      onFeed() {},
      onRegress() {},
      clock,
      log,
      metrics,
      repair: true,
      signal: new AbortController().signal,
    });
    gate.stall();
    for (let at = 0; at < 5; at += 1) {
      await others.publish(eventOf('a', `${at}`));
      // Nothing but the probe could bring it.
      clock.advance(500);
      await sink.received(at + 1);
    }
    expect(sink.messages.map(textOf)).toEqual(['0', '1', '2', '3', '4']);
    // The look that every feed begins with may still be under way, and find the first.
    const { gap = 0, probe = 0 } = await countsOf(metrics.feedRepaired);
    expect(gap + probe).toBe(5);
    expect(probe).toBeGreaterThanOrEqual(4);
    watch.close();
    await following.close();
    expect(clock.pending).toBe(0);
  });

  it('gives up a publish after its time, and everything that waited behind it', async () => {
    const clock = createFakeClock();
    const { gate, broker } = await behindGate('ingest', { clock });
    gate.shut();
    await vi.waitFor(() => expect(broker.health().ready).toBe(false), 3_000);
    const outcomes = Promise.allSettled(['1', '2', '3'].map((text) => broker.publish(eventOf('a', text))));
    clock.advance(15_200);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    }
  });

  it('says that it can take nothing while the leader is silent, though it is connected', async () => {
    const clock = createFakeClock();
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const broker = fixture.create('ingest', { servers: [gate.url], clock });
    onTestFinished(() => broker.close());
    await broker.open();
    expect(broker.health()).toMatchObject({ ready: true, detail: { kind: 'nats', leaderSilentMs: 0 } });
    // No stream is no leader: asking fails, though the server answers.
    await fixture.deleteStream();
    await vi.waitFor(
      () => {
        clock.advance(1_000);
        expect(broker.health()).toMatchObject({ live: true, ready: false });
      },
      { timeout: 5_000, interval: 20 },
    );
    expect(Number(broker.health().detail.leaderSilentMs)).toBeGreaterThanOrEqual(12_000);
  });
});

describe('a broker that is closed', () => {
  it('waits for what is under way, and leaves neither a connection nor a timer', async () => {
    const clock = createFakeClock();
    const { broker } = await behindGate('hub', { clock });
    const receipt = broker.publish(eventOf('a', 'last'));
    const closing = broker.close();
    expect((await receipt).seq).toBe(1);
    await closing;
    expect(clock.pending).toBe(0);
    expect(broker.health()).toMatchObject({ live: false, ready: false });
    const namesOf = async (): Promise<string[]> => {
      const answer = await (await fetch(`${fixture.server.monitorUrl}/connz`)).json();
      return (answer as { connections: { name?: string }[] }).connections.map(({ name = '' }) => name);
    };
    // A server notices an end a moment later.
    await vi.waitFor(
      async () => expect((await namesOf()).filter((name) => name.startsWith('tidings'))).toEqual([]),
      3_000,
    );
    await expect(broker.publish(eventOf('a', 'late'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(broker.bounds()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    ['the bounds', (broker: Broker, _: AbortSignal) => broker.bounds()],
    ['history', (broker: Broker, signal: AbortSignal) => collect(broker.history(OF_A, { after: 0, upTo: 1 }, signal))],
    [
      'the newest',
      (broker: Broker, signal: AbortSignal) => collect(broker.latest(OF_A, { after: 0, upTo: 1 }, signal)),
    ],
    ['a place', (broker: Broker, signal: AbortSignal) => broker.startOf(OF_A, { count: 1 }, 1, signal)],
  ])('ends soon who asks it for %s while no server answers', async (_, ask) => {
    const others = await publisher();
    const { gate, broker, sink } = await behindGate('edge');
    await others.publish(eventOf('a', 'x'));
    await sink.received(1);
    gate.shut();
    await vi.waitFor(() => expect(broker.health().ready).toBe(false), 3_000);
    const giveUp = new AbortController();
    onTestFinished(() => giveUp.abort(new Error('the test is over')));
    let outcome = 'waits';
    ask(broker, giveUp.signal).then(
      () => {
        outcome = 'answered';
      },
      ({ code, message }) => {
        outcome = code ?? message;
      },
    );
    await broker.close();
    await vi.waitFor(() => expect(outcome).toBe('unavailable'), { timeout: 1_500 });
  });
});

const OF_A = { tenant: 'default', patterns: ['a'] };
