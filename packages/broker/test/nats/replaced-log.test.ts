import { createFakeClock } from '@tidings/runtime/testing';
import { headers as createHeaders } from 'nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf, type RecordingSink, textOf } from '../../src/contract/fixture.ts';
import type { NatsBrokerOptions, NatsRole } from '../../src/nats/options.ts';
import { toStreamConfig } from '../../src/nats/stream-config.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;
const LIMITS = { maxBytes: 64_000_000, maxAgeMs: 3_600_000 };

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(() => fixture.deleteStream());

async function open(role: NatsRole, change: Partial<NatsBrokerOptions> = {}): Promise<Broker> {
  const broker = fixture.create(role, change);
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

/** A sink that writes down the epochs too. */
function createEpochSink(): RecordingSink & { readonly epochs: string[] } {
  const sink = createRecordingSink();
  const epochs: string[] = [];
  return {
    ...sink,
    epochs,
    start(epoch, head) {
      epochs.push(epoch);
      sink.start(epoch, head);
    },
    restart(epoch, head) {
      epochs.push(epoch);
      sink.restart(epoch, head);
    },
  };
}

/** Deletes the stream and makes another, with so many events in it before anybody looks. */
async function replace(events: number, epoch = 'another'): Promise<void> {
  await fixture.deleteStream();
  const config = { ...toStreamConfig(LIMITS, 1), metadata: { 'tidings.epoch': epoch } };
  expect((await fixture.api('STREAM.CREATE.EVT_0', config)).error).toBeUndefined();
  for (let at = 1; at <= events; at += 1) await fixture.admin.request('evt.0.default.a', `new ${at}`);
}

describe('a log that is replaced under an open feed', () => {
  it('is told once, with its name and its head, as soon as one of its messages comes; then it is followed', async () => {
    const ingest = await open('ingest');
    const edge = await open('edge');
    const sink = createEpochSink();
    await edge.openFeed(sink);
    for (let at = 1; at <= 10; at += 1) await ingest.publish(eventOf('a', `old ${at}`));
    await sink.received(10);
    const old = edge.epoch;

    await replace(3);
    await vi.waitFor(() => expect(edge.epoch).toBe('another'), 3_000);
    for (let at = 4; at <= 30; at += 1) await fixture.admin.request('evt.0.default.a', `new ${at}`);
    await vi.waitFor(() => expect(edge.position()).toBe(30), 3_000);
    expect(sink.epochs).toEqual([old, 'another']);
    const restarts = sink.calls.filter((call) => call.startsWith('restart'));
    expect(restarts).toHaveLength(1);
    const head = Number(restarts[0]?.split(' ')[1]);
    // Up to the head is covered by the restart, and each one after it is fed, once and in order.
    const after = sink.calls.slice(sink.calls.indexOf(restarts[0] as string) + 1);
    expect(after).toEqual(Array.from({ length: 30 - head }, (_, at) => `message ${head + 1 + at}`));
    expect(await edge.bounds()).toEqual({ first: 1, last: 30 });
    const range = { after: 0, upTo: 30 };
    const read = await collect(edge.history({ tenant: 'default', patterns: ['>'] }, range, AbortSignal.timeout(5_000)));
    expect(read.map(textOf)).toEqual(Array.from({ length: 30 }, (_, at) => `new ${at + 1}`));
  });

  it('is noticed by a message in the very place that was fed last', async () => {
    const clock = createFakeClock();
    const ingest = await open('ingest');
    const edge = await open('edge', { clock });
    const sink = createEpochSink();
    await edge.openFeed(sink);
    await ingest.publish(eventOf('a', 'old'));
    await sink.received(1);
    await replace(1);
    await vi.waitFor(() => expect(edge.epoch).toBe('another'), 3_000);
    expect(sink.calls).toEqual(['start 0', 'message 1', 'restart 1']);
  });

  it('is noticed within five seconds where none of its messages come', async () => {
    const clock = createFakeClock();
    const edge = await open('ingest').then(() => open('edge', { clock }));
    const sink = createEpochSink();
    await edge.openFeed(sink);
    await replace(0);
    expect(sink.epochs).toHaveLength(1);
    clock.advance(5_000);
    await vi.waitFor(() => expect(sink.calls).toEqual(['start 0', 'restart 0']), 3_000);
    expect(edge.epoch).toBe('another');
  });

  it('has no effect of a repair that was under way in the old one', async () => {
    const clock = createFakeClock();
    await open('ingest');
    const edge = await open('edge', { clock });
    const sink = createEpochSink();
    await edge.openFeed(sink);
    // A forged message of far ahead: the repair looks for what is before it, and will not find it.
    await fixture.admin.request('evt.0.default.a', 'one');
    await sink.received(1);
    const forged = createHeaders();
    forged.set('Nats-Subject', 'evt.0.default.a');
    forged.set('Nats-Sequence', '50');
    fixture.admin.publish('live.0.default.a', 'forged', { headers: forged });
    await fixture.admin.flush();
    await replace(20);
    await vi.waitFor(
      () => {
        clock.advance(1_000);
        expect(edge.epoch).toBe('another');
      },
      { timeout: 5_000, interval: 50 },
    );
    const restart = sink.calls.findIndex((call) => call.startsWith('restart'));
    await fixture.admin.request('evt.0.default.a', 'new 21');
    await vi.waitFor(() => expect(edge.position()).toBe(21), 3_000);
    const head = Number(sink.calls[restart]?.split(' ')[1]);
    expect(sink.calls.slice(restart + 1)).toEqual(
      Array.from({ length: 21 - head }, (_, at) => `message ${head + 1 + at}`),
    );
    expect(sink.messages.map(textOf)).not.toContain('forged');
  });

  it('is not what an operator’s change of a limit makes of it', async () => {
    const clock = createFakeClock();
    const ingest = await open('ingest');
    const edge = await open('edge', { clock });
    const sink = createEpochSink();
    await edge.openFeed(sink);
    await ingest.publish(eventOf('a', '1'));
    const { config } = await fixture.api('STREAM.INFO.EVT_0');
    const changed = await fixture.api('STREAM.UPDATE.EVT_0', { ...(config as object), max_bytes: 32_000_000 });
    expect(changed.error).toBeUndefined();
    clock.advance(5_000);
    await edge.bounds();
    await ingest.publish(eventOf('a', '2'));
    await sink.received(2);
    expect(sink.calls).toEqual(['start 0', 'message 1', 'message 2']);
  });

  it('is what an operator makes of it with another epoch: the feed goes on from its head', async () => {
    const clock = createFakeClock();
    const ingest = await open('ingest');
    const edge = await open('edge', { clock });
    const sink = createEpochSink();
    await edge.openFeed(sink);
    await ingest.publish(eventOf('a', '1'));
    await sink.received(1);
    const { config } = (await fixture.api('STREAM.INFO.EVT_0')) as { config: { metadata: object } };
    const metadata = { ...config.metadata, 'tidings.epoch': 'restored' };
    expect((await fixture.api('STREAM.UPDATE.EVT_0', { ...config, metadata })).error).toBeUndefined();
    await edge.bounds();
    await ingest.publish(eventOf('a', '2'));
    await sink.received(2);
    expect(sink.calls).toEqual(['start 0', 'message 1', 'restart 1', 'message 2']);
  });

  it('gives its name to the receipt of the first publish that is stored before those of the old one', async () => {
    const clock = createFakeClock();
    const ingest = await open('ingest', { clock });
    for (let at = 1; at <= 5; at += 1) await ingest.publish(eventOf('a', `${at}`));
    const old = ingest.epoch;
    await replace(0);
    expect(await ingest.publish(eventOf('a', 'x'))).toEqual({ epoch: 'another', seq: 1, duplicate: false });
    expect(ingest.epoch).not.toBe(old);
    // What is known of the old one holds up nothing in the new one.
    expect(await ingest.publish(eventOf('b', 'y'))).toEqual({ epoch: 'another', seq: 2, duplicate: false });
  });

  it('stores again what the old one knew by its id', async () => {
    const ingest = await open('ingest');
    const first = await ingest.publish(eventOf('a', 'x', { id: 'k' }));
    expect(await ingest.publish(eventOf('a', 'x', { id: 'k' }))).toMatchObject({ seq: first.seq, duplicate: true });
    await replace(0);
    expect(await ingest.publish(eventOf('a', 'x', { id: 'k' }))).toMatchObject({ duplicate: false });
  });

  it('ends a read of the old one as unavailable, and shows it nothing of its own', async () => {
    const ingest = await open('ingest');
    const edge = await open('edge');
    const sink = createEpochSink();
    await edge.openFeed(sink);
    const block = 'x'.repeat(20_000);
    await Promise.all(Array.from({ length: 120 }, (_, at) => ingest.publish(eventOf(`t${at}`, block))));
    await sink.received(120);
    const selection = { tenant: 'default', patterns: ['>'] };
    const range = { after: 0, upTo: edge.position() };
    const pages = edge.history(selection, range, AbortSignal.timeout(10_000))[Symbol.asyncIterator]();
    const first = await pages.next();
    expect(first.value?.through).toBeLessThan(120);
    await replace(130);
    await vi.waitFor(() => expect(edge.epoch).toBe('another'), 3_000);
    await expect(pages.next()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    ['a read', (edge: Broker, signal: AbortSignal) => collect(edge.history(OF_A, { after: 0, upTo: 20 }, signal))],
    [
      'a read of the newest',
      (edge: Broker, signal: AbortSignal) => collect(edge.latest(OF_A, { after: 0, upTo: 20 }, signal)),
    ],
    ['the search for a place', (edge: Broker, signal: AbortSignal) => edge.startOf(OF_A, { count: 3 }, 20, signal)],
    ['the search for a time', (edge: Broker, signal: AbortSignal) => edge.startOf(OF_A, { sinceMs: 1 }, 20, signal)],
  ])('ends %s in the old one as unavailable, though it has as much itself', async (_, ask) => {
    const ingest = await open('ingest');
    const edge = await open('edge');
    const sink = createEpochSink();
    await edge.openFeed(sink);
    for (let at = 0; at < 20; at += 1) await ingest.publish(eventOf('a', `${at}`));
    await sink.received(20);
    // While there is no stream nobody answers: it is under way until the other log is there.
    await fixture.deleteStream();
    const outcome = ask(edge, AbortSignal.timeout(10_000)).then(
      (found) => `found ${JSON.stringify(found).slice(0, 60)}`,
      (error) => error.code ?? `${error}`,
    );
    await replace(40);
    expect(await outcome).toBe('unavailable');
  });
});

const OF_A = { tenant: 'default', patterns: ['a'] };
