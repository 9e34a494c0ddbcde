import { createHash } from 'node:crypto';
import { type Message, TidingsError } from '@tidings/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { anyText } from '../../../../test/any-text.ts';
import { eventName, payload, topic } from '../../../protocol/test/arbitraries.ts';
import { collect, createRecordingSink, eventOf, type RecordingSink } from '../../src/contract/fixture.ts';
import { decodeEvent, encodeHeaders, sequenceOf } from '../../src/nats/event-message.ts';
import { lastHeader } from '../../src/nats/raw-message.ts';
import type { Broker, PublishInput } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';
import { headerBlock } from './fakes.ts';

/** What stands for a payload: a failed comparison of a megabyte would be told byte by byte. */
const digestOf = (data: Uint8Array = new Uint8Array()): string =>
  `${data.length} bytes, ${createHash('sha256').update(data).digest('hex')}`;
const ADDRESS = { tenant: 't', topic: 'a' };
const decode = (fields: Record<string, string | number>, data = 'x', seq = 7): Message =>
  decodeEvent(
    { subject: 'live.0.t.a', headers: headerBlock('', fields), data: Buffer.from(data) },
    ADDRESS,
    seq,
    1_000,
  );

describe('an event on its way in', () => {
  it('has headers for what it says, and for nothing else', () => {
    const keysOf = (change: Partial<PublishInput>): string[] =>
      encodeHeaders(eventOf('a', 'x', change), 'some id').keys();
    expect(keysOf({})).toEqual(['Nats-Msg-Id']);
    expect(keysOf({ event: 'e', json: true, final: true, exclude: 's', ttlSec: 60 }).sort()).toEqual([
      'Nats-Msg-Id',
      'Nats-TTL',
      'Td-Event',
      'Td-Exclude',
      'Td-Final',
      'Td-Json',
    ]);
  });

  it('that is not stored has neither an id nor a time to live: the server must not read them', () => {
    const headers = encodeHeaders(eventOf('a', 'x', { store: false, ttlSec: 60, event: 'e' }), 'some id');
    expect(headers.keys()).toEqual(['Td-Live-Only', 'Td-Event']);
  });

  it('has the span that it is stored by right behind its id, and no state where there is none', () => {
    const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true, state: '' };
    const input = eventOf('a', 'x', { event: 'e' });
    const headers = encodeHeaders(input, 'id', trace);
    expect(headers.keys()).toEqual(['Nats-Msg-Id', 'traceparent', 'Td-Event']);
    expect(headers.get('traceparent')).toBe('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
    const live = encodeHeaders({ ...input, store: false }, '', { ...trace, state: 'a=1' });
    expect(live.keys()).toEqual(['Td-Live-Only', 'traceparent', 'tracestate', 'Td-Event']);
  });

  it('has nothing in a header that could end it, whatever its name and its session are', () => {
    fc.assert(
      fc.property(anyText(), anyText(), (event, exclude) => {
        const headers = encodeHeaders(eventOf('a', 'x', { event, exclude }), 'id');
        for (const name of ['Td-Event', 'Td-Exclude']) expect(headers.get(name)).toMatch(/^[\x21-\x7e]*$/);
      }),
    );
  });
});

describe('an event on its way out', () => {
  it('has the last place and time that stand in its headers: forged ones come first', () => {
    const headers =
      'NATS/1.0\r\nNats-Sequence: 900\r\nNats-Time-Stamp: 2001-01-01T00:00:00Z\r\nNats-Subject: evt.0.x.y\r\n' +
      'Nats-Time-Stamp: 2026-11-21T10:00:00.123456789Z\r\nNats-Sequence: 7\r\n\r\n';
    expect(sequenceOf(headers)).toBe(7);
    const message = decodeEvent({ subject: 's', headers, data: Buffer.alloc(0) }, ADDRESS, 7, 0);
    expect(message.timeMs).toBe(Date.UTC(2026, 10, 21, 10, 0, 0, 123));
    expect([message.tenant, message.topic]).toEqual(['t', 'a']);
  });

  it('owns its payload, whatever becomes of the buffer that it came in', () => {
    const data = Buffer.from('precious');
    const message = decodeEvent({ subject: 's', headers: '', data }, ADDRESS, 7, 0);
    data.fill(0);
    expect(Buffer.from(message.data).toString()).toBe('precious');
  });

  it('without headers is unnamed, and of the moment when it was read', () => {
    expect(decodeEvent({ subject: 's', headers: '', data: Buffer.from('x') }, ADDRESS, 0, 1_000)).toEqual({
      seq: 0,
      tenant: 't',
      topic: 'a',
      event: '',
      data: Buffer.from('x'),
      json: false,
      final: false,
      exclude: '',
      timeMs: 1_000,
      expiresAtMs: Number.POSITIVE_INFINITY,
    });
  });

  it('leaves history when its time to live is over, counted from its own time', () => {
    const stamp = { 'Nats-Time-Stamp': '2026-11-21T10:00:00Z' };
    const atMs = Date.UTC(2026, 10, 21, 10);
    expect(decode({ ...stamp, 'Nats-TTL': '60s' }).expiresAtMs).toBe(atMs + 60_000);
    expect(decode({ ...stamp, 'Nats-TTL': '60' }).expiresAtMs).toBe(atMs + 60_000);
    for (const ttl of ['never', '', '0', '-5', 'x', '0s']) {
      expect(decode({ ...stamp, 'Nats-TTL': ttl }).expiresAtMs).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it.each(['%', '%zz', '%c3', '%C3%28', 'a%', '%ED%A0%80'])(
    'has no name and no session where nobody encoded them: %s',
    (text) => {
      const message = decode({ 'Td-Event': text, 'Td-Exclude': text });
      expect([message.event, message.exclude]).toEqual(['', '']);
    },
  );

  it.each(['a%0Ab', '%0D%0Adata: evil', 'hub.gap', 'a%00', '%20a'])(
    'has no name that no publisher may give: %s',
    (text) => {
      expect(decode({ 'Td-Event': text }).event).toBe('');
    },
  );

  it.each(['', 'yesterday', '2026-99-99T00:00:00Z'])('is of a real moment, whatever its stamp says: %j', (stamp) => {
    expect(decode({ 'Nats-Time-Stamp': stamp }, 'x', 0).timeMs).toSatisfy(Number.isFinite);
  });
});

describe('an event through a real server', () => {
  let fixture: NatsFixture;
  let broker: Broker;
  let sink: RecordingSink;

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

  const fed = async (seq: number): Promise<Message> => {
    await vi.waitFor(() => expect(broker.position()).toBeGreaterThanOrEqual(seq), { timeout: 5_000, interval: 2 });
    return sink.messages.find((message) => message.seq === seq) as Message;
  };
  async function stored(input: PublishInput, seq: number): Promise<Message[]> {
    const selection = { tenant: input.tenant, patterns: [input.topic] };
    return collect(broker.history(selection, { after: seq - 1, upTo: seq }, AbortSignal.timeout(5_000)));
  }
  const fieldsOf = ({ tenant, topic, event, data, json, final, exclude }: PublishInput | Message) => ({
    tenant,
    topic,
    event,
    data: digestOf(data),
    json,
    final,
    exclude,
  });

  async function comesBack(input: PublishInput): Promise<void> {
    const { seq } = await broker.publish(input);
    const live = await fed(seq);
    expect(fieldsOf(live)).toEqual(fieldsOf(input));
    const [read, ...rest] = await stored(input, seq);
    expect(rest).toEqual([]);
    // In history it is the same to the last field, its moment and its end included.
    expect({ ...read, data: digestOf(read?.data) }).toEqual({ ...live, data: digestOf(live.data) });
    if (input.ttlSec === 0) expect(live.expiresAtMs).toBe(Number.POSITIVE_INFINITY);
    else expect(live.expiresAtMs).toBe(live.timeMs + input.ttlSec * 1_000);
    expect(Math.abs(live.timeMs - Date.now())).toBeLessThan(5_000);
  }

  const tenant = fc.oneof(
    fc.constantFrom('default', 'a.b', '*', '>', '$', 'evt.0', '%', '😀'),
    anyText({ minLength: 1, maxLength: 12 }),
  );
  const shortText = anyText({ maxLength: 40 });
  const data = fc.oneof(
    payload.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from('NATS/1.0\r\nNats-Sequence: 1\r\n\r\n'),
      Buffer.from('+OK\r\nPUB evt.0.t.a 1\r\nx\r\n'),
    ),
  );

  it('comes back equal from the feed and from history, whatever it is made of', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          tenant,
          topic,
          event: fc.oneof(fc.constant(''), eventName),
          data,
          json: fc.boolean(),
          final: fc.boolean(),
          exclude: fc.oneof(fc.constant(''), shortText),
          store: fc.constant(true),
          id: fc.oneof(fc.constant(''), fc.uuid()),
          ttlSec: fc.constantFrom(0, 0, 60, 31_536_000),
        }),
        comesBack,
      ),
      { numRuns: 80 },
    );
  });

  it('that is not stored comes back equal from the feed', async () => {
    await fc.assert(
      fc.asyncProperty(tenant, topic, eventName, data, shortText, async (whose, what, event, bytes, exclude) => {
        const input = eventOf(what, '', { tenant: whose, event, data: bytes, exclude, store: false, final: true });
        const before = sink.messages.length;
        await broker.publish(input);
        await sink.received(before + 1);
        const message = sink.messages.at(-1) as Message;
        expect(message.seq).toBe(0);
        expect(fieldsOf(message)).toEqual(fieldsOf(input));
        expect(message.expiresAtMs).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 60 },
    );
  });

  it('may be of the largest size with the longest headers that there are', async () => {
    const longest = '👩'.repeat(128);
    const bytes = Buffer.alloc(1_000_000, 0xff);
    const names = { event: longest, exclude: longest, topic: `${'é'.repeat(100)}.x`, tenant: 'é'.repeat(30) };
    await comesBack(
      eventOf('a', '', { ...names, data: bytes, ttlSec: 60, json: true, final: true, id: 'x'.repeat(128) }),
    );
  });

  it('is refused as too large where no server takes it, stored or not, and the feed goes on', async () => {
    const tooLarge = { data: Buffer.alloc(1_200_000) };
    await expect(broker.publish(eventOf('a', '', tooLarge))).rejects.toMatchObject({ code: 'event-too-large' });
    // Nobody lets one of this size through: what counts is that it is refused in words of the port.
    await expect(broker.publish(eventOf('a', '', { ...tooLarge, store: false }))).rejects.toBeInstanceOf(TidingsError);
    // Between the stream's limit and the server's, so that it is the stream that refuses.
    await expect(broker.publish(eventOf('a', '', { data: Buffer.alloc(1_048_600) }))).rejects.toMatchObject({
      code: 'event-too-large',
    });
    await comesBack(eventOf('a', 'after'));
  });

  it('is known by a hash, so that no id of a publisher reaches the server as a header', async () => {
    const input = eventOf('a', 'x', { id: 'a\r\nNats-TTL: 1s\r\nevil' });
    const { seq } = await broker.publish(input);
    const { message } = (await fixture.api('STREAM.MSG.GET.EVT_0', { seq })) as { message: { hdrs: string } };
    const headers = Buffer.from(message.hdrs, 'base64').toString('latin1');
    expect(lastHeader(headers, 'Nats-Msg-Id')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(headers).not.toContain('Nats-TTL');
  });
});
