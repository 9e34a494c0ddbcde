import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf, textOf } from '../../src/contract/fixture.ts';
import type { NatsRole } from '../../src/nats/options.ts';
import { storedSubject } from '../../src/nats/subject.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';
import { createGate } from './gate.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(() => fixture.deleteStream());

async function open(role: NatsRole, servers = [fixture.server.url]): Promise<Broker> {
  const broker = fixture.create(role, { servers });
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

const messagesOf = async (): Promise<number> =>
  ((await fixture.api('STREAM.INFO.EVT_0')).state as { messages: number }).messages;

/** Of one topic: what a publisher of the test before had under way may come late, into a log that knows its id no more. */
async function messagesOn(topic: string): Promise<number> {
  const filter = { subjects_filter: storedSubject('default', topic) };
  const { subjects } = (await fixture.api('STREAM.INFO.EVT_0', filter)).state as { subjects?: Record<string, number> };
  return Object.values(subjects ?? {}).reduce((sum, count) => sum + count, 0);
}

describe('an event with an id', () => {
  it('is stored once for each topic and tenant, whichever process takes it, and however often', async () => {
    const [one, other] = [await open('ingest'), await open('hub')];
    const targets: [tenant: string, topic: string][] = [];
    // Joined by a separator, some of these would be the same.
    for (const tenant of ['default', 'acme', 'a', 'a,b', 'a","b']) {
      for (const topic of ['t', 'c', 'b,c', 'b","c', 'x.y']) targets.push([tenant, topic]);
    }
    const publish = (broker: Broker, id: string) =>
      Promise.all(targets.map(([tenant, topic]) => broker.publish(eventOf(topic, 'x', { tenant, id }))));
    const first = await publish(one, 'k');
    const again = await publish(other, 'k');
    expect(first.map(({ duplicate }) => duplicate)).toEqual(targets.map(() => false));
    expect(again).toEqual(first.map((receipt) => ({ ...receipt, duplicate: true })));
    expect(await publish(one, 'K').then((receipts) => receipts.some(({ duplicate }) => duplicate))).toBe(false);
    expect(await messagesOf()).toBe(2 * targets.length);
  });

  it('without one is another event each time, though it says the same', async () => {
    const broker = await open('hub');
    await Promise.all(Array.from({ length: 20 }, () => broker.publish(eventOf('a', 'same'))));
    expect(await messagesOf()).toBe(20);
  });

  it('is a duplicate after a retry that was stored, and stored once after one that was not', async () => {
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const behind = await open('ingest', [gate.url]);
    const straight = await open('ingest');
    // It goes out and never comes back: nobody knows whether it was stored.
    gate.stall();
    const receipt = behind.publish(eventOf('a', 'x', { id: 'k' }));
    const same = await straight.publish(eventOf('a', 'x', { id: 'k' }));
    gate.open();
    expect(await receipt).toEqual({ ...same, duplicate: true });
    expect(await straight.publish(eventOf('a', 'x', { id: 'k' }))).toMatchObject({ seq: same.seq, duplicate: true });
    expect(await messagesOf()).toBe(1);
  });

  it('is repeated by two publishers at the same time and stored once, with one place for both', async () => {
    const [one, other] = [await open('ingest'), await open('ingest')];
    for (let round = 0; round < 30; round += 1) {
      const input = eventOf('both', 'x', { id: `${round}` });
      const receipts = await Promise.all([one.publish(input), other.publish(input)]);
      expect(new Set(receipts.map(({ seq }) => seq)).size).toBe(1);
      expect(receipts.filter(({ duplicate }) => duplicate)).toHaveLength(1);
    }
    expect(await messagesOn('both')).toBe(30);
  });
});

describe('many events at once', () => {
  it('of one topic are stored in the order of the calls, a thousand of them, while others go on beside them', async () => {
    const broker = await open('hub');
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    const batch = Array.from({ length: 1_000 }, (_, at) => broker.publish(eventOf('batch', `${at}`, { id: `${at}` })));
    const beside = Array.from({ length: 100 }, (_, at) => broker.publish(eventOf(`beside.${at}`, 'x')));
    const places = (await Promise.all(batch)).map(({ seq }) => seq);
    await Promise.all(beside);
    expect(places).toEqual([...places].sort((one, other) => one - other));
    await sink.received(1_100);
    const texts = sink.messages.filter(({ topic }) => topic === 'batch').map(textOf);
    expect(texts).toEqual(Array.from({ length: 1_000 }, (_, at) => `${at}`));
  });
});

describe('an event that is not stored', () => {
  it('comes to every feed that is open, in the order of the calls, and leaves nothing in the log', async () => {
    const ingest = await open('ingest');
    const sinks = await Promise.all(
      ['edge', 'edge'].map(async (role) => {
        const edge = await open(role as NatsRole);
        const sink = createRecordingSink();
        await edge.openFeed(sink);
        return sink;
      }),
    );
    for (let at = 0; at < 50; at += 1) {
      const receipt = await ingest.publish(eventOf('a', `${at}`, { store: false, id: 'same', ttlSec: 5 }));
      expect(receipt).toEqual({ epoch: ingest.epoch, seq: 0, duplicate: false });
    }
    for (const sink of sinks) {
      await sink.received(50);
      expect(sink.messages.map(textOf)).toEqual(Array.from({ length: 50 }, (_, at) => `${at}`));
    }
    expect(await messagesOf()).toBe(0);
  });
});

describe('the bounds', () => {
  it('are those of the leader, and never end before what was fed', async () => {
    const ingest = await open('ingest');
    const edge = await open('edge');
    const sink = createRecordingSink();
    await edge.openFeed(sink);
    expect(await edge.bounds()).toEqual({ first: 1, last: 0 });
    for (let at = 1; at <= 5; at += 1) await ingest.publish(eventOf('a', `${at}`));
    expect(await edge.bounds()).toEqual({ first: 1, last: 5 });
    await fixture.api('STREAM.PURGE.EVT_0', { seq: 4 });
    expect(await ingest.bounds()).toEqual({ first: 4, last: 5 });
    await fixture.api('STREAM.PURGE.EVT_0');
    expect(await edge.bounds()).toEqual({ first: 6, last: 5 });
  });

  it('are unavailable while there is no log, and are told again when there is one', async () => {
    const ingest = await open('ingest');
    await ingest.publish(eventOf('a', 'x'));
    const { config } = await fixture.api('STREAM.INFO.EVT_0');
    await fixture.deleteStream();
    const missing = ingest.bounds();
    missing.catch(() => {});
    await fixture.api('STREAM.CREATE.EVT_0', config as object);
    // It waits for the log as it waits for a leader; where it does not, it says what a caller knows how to take.
    await missing.catch((error) => expect(error).toMatchObject({ code: 'unavailable' }));
    expect(await ingest.bounds()).toEqual({ first: 1, last: 0 });
  });

  it('are asked for once by many who ask at the same time', async () => {
    const ingest = await open('ingest');
    await ingest.publish(eventOf('a', 'x'));
    const asked: number[] = [];
    const subscription = fixture.admin.subscribe('$JS.API.STREAM.INFO.EVT_0', { callback: () => asked.push(1) });
    await fixture.admin.flush();
    const all = await Promise.all(Array.from({ length: 200 }, () => ingest.bounds()));
    subscription.unsubscribe();
    expect(new Set(all.map(({ last }) => last))).toEqual(new Set([1]));
    expect(asked.length).toBeLessThanOrEqual(2);
  });
});

describe('a broker that is not open', () => {
  it('takes nothing and says so', async () => {
    const broker = fixture.create('hub');
    await expect(broker.publish(eventOf('a', 'x'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(broker.bounds()).rejects.toMatchObject({ code: 'unavailable' });
    expect(() => broker.epoch).toThrow();
    expect(broker.position()).toBe(0);
    expect(broker.health()).toMatchObject({ live: true, ready: false });
    await broker.close();
    expect(broker.health()).toMatchObject({ live: false, ready: false });
  });

  it('reads nothing before its feed is open: a programming mistake', async () => {
    const broker = await open('hub');
    const range = { after: 0, upTo: 0 };
    const signal = AbortSignal.timeout(1_000);
    const selection = { tenant: 't', patterns: ['a'] };
    await expect((async () => collect(broker.history(selection, range, signal)))()).rejects.toBeInstanceOf(TypeError);
    await expect((async () => collect(broker.latest(selection, range, signal)))()).rejects.toBeInstanceOf(TypeError);
    await expect((async () => broker.startOf(selection, { count: 1 }, 0, signal))()).rejects.toBeInstanceOf(TypeError);
  });
});

describe('a stream that takes no more', () => {
  it('refuses at once, keeps what it has, and takes events again once there is room', async () => {
    const broker = await open('hub');
    const sink = createRecordingSink();
    await broker.openFeed(sink);
    const { config } = await fixture.api('STREAM.INFO.EVT_0');
    const limited = { ...(config as object), discard: 'new', max_bytes: 20_000 };
    expect((await fixture.api('STREAM.UPDATE.EVT_0', limited)).error).toBeUndefined();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, at) => broker.publish(eventOf('a', `${at}:${'x'.repeat(1_000)}`))),
    );
    const stored = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(stored).toBeGreaterThan(10);
    for (const outcome of outcomes.slice(stored)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'unavailable', details: { retryAfterSec: 5 } },
      });
    }
    expect(await messagesOf()).toBe(stored);
    await vi.waitFor(() => expect(sink.messages).toHaveLength(stored), 3_000);
    await fixture.api('STREAM.PURGE.EVT_0');
    await broker.publish(eventOf('a', 'room'));
    await sink.received(stored + 1);
    const { last } = await broker.bounds();
    const range = { after: 0, upTo: last };
    const read = broker.history({ tenant: 'default', patterns: ['a'] }, range, AbortSignal.timeout(5_000));
    expect((await collect(read)).map(textOf)).toEqual(['room']);
  });
});
