import { createFakeClock } from '@tidings/runtime/testing';
import { headers as createHeaders, type MsgHdrs } from 'nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf, type RecordingSink, textOf } from '../../src/contract/fixture.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;
let broker: Broker;
let sink: RecordingSink;
/** What would have ended the process. */
const crashes: unknown[] = [];
const onCrash = (error: unknown): void => void crashes.push(error);

beforeAll(async () => {
  fixture = await createNatsFixture();
  broker = fixture.create('hub');
  await broker.open();
  sink = createRecordingSink();
  await broker.openFeed(sink);
});
afterAll(async () => {
  await broker?.close();
  await fixture?.remove();
});
beforeEach(() => {
  crashes.length = 0;
  // The runner's own listeners would report what a test here expects not to happen as an error of the whole run.
  const names = ['uncaughtException', 'unhandledRejection'] as const;
  const own = names.map((name) => [name, process.listeners(name as 'uncaughtException')] as const);
  for (const name of names) {
    process.removeAllListeners(name);
    process.on(name, onCrash);
  }
  onTestFinished(() => {
    for (const [name, listeners] of own) {
      process.removeAllListeners(name);
      for (const listener of listeners) process.on(name, listener);
    }
  });
});

const headersOf = (fields: Record<string, string>): MsgHdrs => {
  const headers = createHeaders();
  for (const [name, value] of Object.entries(fields)) headers.append(name, value);
  return headers;
};

/** As the server marks what it republishes of the topic `a`. */
const asRepublished = (seq: number): MsgHdrs =>
  headersOf({ 'Nats-Subject': 'evt.0.default.a', 'Nats-Sequence': `${seq}` });

/** Writes past ingest, and answers the place if the stream took it. */
async function write(subject: string, data: string, fields: Record<string, string> = {}): Promise<number> {
  const reply = await fixture.admin.request(subject, data, { timeout: 2_000, headers: headersOf(fields) });
  return (reply.json() as { seq?: number }).seq ?? 0;
}

/** The next good event must come, and the position must have passed whatever came before. */
async function goesOn(): Promise<void> {
  const { seq } = await broker.publish(eventOf('good', 'good'));
  await vi.waitFor(() => expect(broker.position()).toBe(seq), { timeout: 5_000, interval: 5 });
  expect(sink.messages.filter((message) => message.seq === seq).map(textOf)).toEqual(['good']);
  expect(crashes).toEqual([]);
  const all = broker.history(
    { tenant: 'default', patterns: ['>'] },
    { after: 0, upTo: seq },
    AbortSignal.timeout(5_000),
  );
  expect((await collect(all)).at(-1)?.seq).toBe(seq);
}

describe('the live feed goes on after what was written past ingest', () => {
  it.each([
    ['a name of bad percent encoding', { 'Td-Event': '%zz' }],
    ['a name of bad UTF-8', { 'Td-Event': '%C3%28' }],
    ['a session of bad percent encoding', { 'Td-Exclude': '%' }],
    ['a name that would be a field of the wire', { 'Td-Event': 'a%0Adata: evil' }],
    ['a forged place', { 'Nats-Sequence': '1' }],
    ['a forged place of the future', { 'Nats-Sequence': '999999999' }],
    ['a forged subject', { 'Nats-Subject': 'evt.0.other.topic' }],
    ['a forged moment', { 'Nats-Time-Stamp': 'never' }],
    ['a forged predecessor', { 'Nats-Last-Sequence': '77' }],
    ['a status', { Status: '503' }],
    ['a time to live that never ends', { 'Nats-TTL': 'never' }],
    ['a time to live in hours', { 'Nats-TTL': '1h30m' }],
    ['many headers', Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`X-${at}`, 'y'.repeat(50)]))],
  ])('in a header: %s', async (_, fields) => {
    const seq = await write('evt.0.default.bad', 'bad', fields);
    expect(seq).toBeGreaterThan(0);
    await goesOn();
    const fed = sink.messages.find((message) => message.seq === seq);
    expect(fed?.topic).toBe('bad');
    expect(Math.abs((fed?.timeMs ?? 0) - Date.now())).toBeLessThan(10_000);
    expect(fed?.event).not.toContain('\n');
  });

  it.each([
    'evt.0.default.%zz',
    'evt.0.%zz.a',
    'evt.0.default',
    'evt.0.default.%41',
    'evt.0.default.é',
    'evt.0.$.other',
    'evt.0.default.a%2eb',
  ])('on a subject that nobody encoded, which is not fed: %s', async (subject) => {
    const before = sink.messages.length;
    expect(await write(subject, 'bad')).toBeGreaterThan(0);
    await goesOn();
    expect(sink.messages.slice(before).map(textOf)).toEqual(['good']);
  });

  it.each([
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"tenant":7,"patterns":[]}',
    '{"tenant":"default","patterns":"good"}',
    '{"tenant":"default","patterns":[1]}',
    '{"tenant":"default"',
    '\0\0\0',
  ])('as a purge that is none: %j', async (text) => {
    const before = sink.calls.length;
    expect(await write('evt.0.$.purge', text)).toBeGreaterThan(0);
    await goesOn();
    expect(sink.calls.slice(before).map((call) => call.split(' ')[0])).toEqual(['message']);
  });

  it.each([
    ['an empty pattern', ['']],
    ['empty tokens', ['a..b', '.']],
    ['a wildcard in the middle', ['>.a', 'a>b']],
    ['a thousand patterns', Array.from({ length: 1_000 }, (_, at) => `t.${at}.*.>`)],
    ['half a surrogate', ['\ud800']],
  ])('as a purge of no legal selection: %s', async (_, patterns) => {
    expect(await write('evt.0.$.purge', JSON.stringify({ tenant: 'nobody', patterns }))).toBeGreaterThan(0);
    await goesOn();
  });

  it('as a purge on a subject of some tenant, which is none', async () => {
    const before = sink.calls.length;
    await write('evt.0.default.$.purge', JSON.stringify({ tenant: 'default', patterns: ['>'] }));
    await goesOn();
    expect(sink.calls.slice(before).filter((call) => call.startsWith('purged'))).toEqual([]);
  });

  it('as a live message without a place, which is a forgery and is not fed', async () => {
    const before = sink.messages.length;
    fixture.admin.publish('live.0.default.a', 'forged');
    const subject = { 'Nats-Subject': 'evt.0.default.a' };
    for (const place of ['x', '-1', '0', '1.5', '1e400', '']) {
      const headers = headersOf({ ...subject, 'Nats-Sequence': place });
      fixture.admin.publish('live.0.default.a', 'forged', { headers });
    }
    // Nor is one with a place, but not with the subject that the server would have given it.
    const next = `${broker.position() + 1}`;
    fixture.admin.publish('live.0.default.a', 'forged', { headers: headersOf({ 'Nats-Sequence': next }) });
    const other = headersOf({ 'Nats-Subject': 'evt.0.default.b', 'Nats-Sequence': next });
    fixture.admin.publish('live.0.default.a', 'forged', { headers: other });
    await fixture.admin.flush();
    await goesOn();
    expect(sink.messages.slice(before).map(textOf)).toEqual(['good']);
  });

  it.each([
    ['a name of bad percent encoding', 'eph.0.default.a', { 'Td-Event': '%zz' }],
    ['a moment that is none', 'eph.0.default.a', { 'Nats-Time-Stamp': 'never' }],
    ['a subject that nobody encoded', 'eph.0.default.%zz', {}],
    ['a purge', 'eph.0.$.purge', {}],
  ])('as an event that is not stored: %s', async (_, subject, fields) => {
    const before = sink.messages.length;
    const calls = sink.calls.length;
    fixture.admin.publish(subject, '{"tenant":"default","patterns":[">"]}', { headers: headersOf(fields) });
    await fixture.admin.flush();
    await goesOn();
    for (const message of sink.messages.slice(before)) expect(message.timeMs).toSatisfy(Number.isFinite);
    expect(sink.calls.slice(calls).filter((call) => call.startsWith('purged'))).toEqual([]);
  });
});

describe('the live feed', () => {
  it('costs one stored message for each publish, and no consumer, however many follow it', async () => {
    const others = await Promise.all(
      ['edge', 'edge', 'edge'].map(async (role) => {
        const other = fixture.create(role as 'edge');
        await other.open();
        onTestFinished(() => other.close());
        const itsSink = createRecordingSink();
        await other.openFeed(itsSink);
        return { other, itsSink };
      }),
    );
    const infoOf = async () =>
      (await fixture.api('STREAM.INFO.EVT_0')).state as { messages: number; last_seq: number; consumer_count: number };
    const before = await infoOf();
    const texts = Array.from({ length: 50 }, (_, at) => `${at}`);
    await Promise.all(texts.map((text) => broker.publish(eventOf('many', text))));
    for (const { other, itsSink } of others) {
      await itsSink.received(50);
      expect(itsSink.messages.map(textOf)).toEqual(texts);
      // Reads make no consumer either.
      const upTo = other.position();
      const range = { after: before.last_seq, upTo };
      const selection = { tenant: 'default', patterns: ['many'] };
      expect(await collect(other.history(selection, range, AbortSignal.timeout(5_000)))).toHaveLength(50);
      expect(await other.startOf(selection, { count: 3 }, upTo, AbortSignal.timeout(5_000))).toBe(upTo - 3);
    }
    const after = await infoOf();
    expect(after.messages - before.messages).toBe(50);
    expect(after.last_seq - before.last_seq).toBe(50);
    expect(after.consumer_count).toBe(0);
  });

  it('begins at the head, though thousands are stored while it is opened, and misses none of them', async () => {
    const edge = fixture.create('edge');
    await edge.open();
    onTestFinished(() => edge.close());
    const itsSink = createRecordingSink();
    let last = 0;
    const stream = (async () => {
      for (let round = 0; round < 20; round += 1) {
        const receipts = await Promise.all(
          Array.from({ length: 25 }, (_, at) => broker.publish(eventOf(`t.${at}`, `${round}`))),
        );
        last = Math.max(...receipts.map(({ seq }) => seq));
      }
    })();
    await edge.openFeed(itsSink);
    await stream;
    await vi.waitFor(() => expect(edge.position()).toBe(last), { timeout: 5_000, interval: 5 });
    const head = Number(itsSink.calls[0]?.split(' ')[1]);
    expect(itsSink.messages.map(({ seq }) => seq)).toEqual(
      Array.from({ length: last - head }, (_, at) => head + 1 + at),
    );
  });

  it('without its repair shows the losses that the repair mends, so that a test can see them', async () => {
    const edge = fixture.create('edge', { repair: false });
    await edge.open();
    onTestFinished(() => edge.close());
    const itsSink = createRecordingSink();
    await edge.openFeed(itsSink);
    const position = edge.position();
    // A live message of the place after the next: one was lost.
    fixture.admin.publish('live.0.default.a', 'early', { headers: asRepublished(position + 2) });
    await fixture.admin.flush();
    const { seq } = await broker.publish(eventOf('a', 'one'));
    expect(seq).toBe(position + 1);
    await itsSink.received(2);
    expect(itsSink.messages.map(textOf)).toEqual(['one', 'early']);
  });

  it('takes what comes while the broker is being closed, and is not the end of the process', async () => {
    const clock = createFakeClock();
    const closing = fixture.create('hub', { clock });
    await closing.open();
    const itsSink = createRecordingSink();
    await closing.openFeed(itsSink);
    await closing.publish(eventOf('a', 'x'));
    await itsSink.received(1);
    // Something is under way for as long as the clock stands still: no stream stores what no stream has.
    const { config } = await fixture.api('STREAM.INFO.EVT_0');
    await fixture.deleteStream();
    const pending = closing.publish(eventOf('a', 'y')).catch(({ code }) => code);
    const closed = closing.close();
    for (const seq of [1, closing.position(), closing.position() + 1, closing.position() + 5]) {
      fixture.admin.publish('live.0.default.a', 'late', { headers: asRepublished(seq) });
    }
    await fixture.admin.flush();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(5_000);
    expect(await pending).toBe('unavailable');
    await closed;
    expect(crashes).toEqual([]);
    expect((await fixture.api('STREAM.CREATE.EVT_0', config as object)).error).toBeUndefined();
  });
});
