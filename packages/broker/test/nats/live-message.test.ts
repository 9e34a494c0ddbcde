import fc from 'fast-check';
import type { Msg } from 'nats';
import { describe, expect, it } from 'vitest';
import { decodeEvent, stampOf } from '../../src/nats/event-message.ts';
import { createFeedReader, type FeedEntry } from '../../src/nats/live-message.ts';
import { lastHeader } from '../../src/nats/raw-message.ts';

const SERVER = {
  'Nats-Stream': 'EVT_0',
  'Nats-Subject': 'evt.0.t.a.b',
  'Nats-Sequence': '7',
  'Nats-Time-Stamp': '2026-11-21T10:00:00.123456789Z',
  'Nats-Last-Sequence': '6',
};

/** As the client gives it: one view of headers and payload, which it writes over afterwards. */
function messageOf(subject: string, block: string, data: string): Msg & { reuse(): void } {
  const bytes = Buffer.concat([Buffer.from(block, 'latin1'), Buffer.from(data)]);
  const _msg = { hdr: block === '' ? -1 : block.length, subject: Buffer.from(subject) };
  const message = { subject, _rdata: bytes, _msg, reuse: () => void bytes.fill(0) };
  return message as unknown as Msg & { reuse(): void };
}
const blockOf = (lines: readonly string[]): string => `NATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const linesOf = (fields: Record<string, string>): string[] => Object.entries(fields).map((pair) => pair.join(': '));
const stored = (...own: string[]): string => blockOf([...own, ...linesOf(SERVER)]);

// Marks of ours, what would be marks elsewhere, and what a publisher past ingest may write.
const ownLine = fc.constantFrom(
  'Nats-Msg-Id: abc',
  'Nats-Msg-Id: ',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00',
  'traceparent: x',
  'tracestate: a=1,b=2',
  'Nats-TTL: 60s',
  'Nats-TTL: never',
  'Td-Event: status',
  'Td-Event: %C3%A9',
  'Td-Event: %zz',
  'Td-Json: 1',
  'Td-Final: 1',
  'Td-Exclude: s',
  'X: Td-Json: 1',
  'Nats-Sequence: 99',
  'Nats-Subject: evt.0.u.a',
  'Nats-Time-Stamp: 2001-01-01T00:00:00Z',
  `X: ${'y'.repeat(2_000)}`,
);

describe('a republished message', () => {
  const PARENT = 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
  const read = (traces: boolean, ...own: string[]): FeedEntry => {
    const entry = createFeedReader(traces).republished(messageOf('live.0.t.a.b', stored(...own), 'x'));
    return entry as FeedEntry;
  };

  it.each([
    [[PARENT], { ...TRACE, state: '' }],
    [[PARENT, 'tracestate: a=1'], { ...TRACE, state: 'a=1' }],
    [[PARENT, 'Td-Event: e', 'tracestate: a=1'], { ...TRACE, state: '' }],
    [[PARENT.replace(/1$/, '0')], undefined],
    [['traceparent: x'], undefined],
    [['traceparent-x: y'], undefined],
    [[], undefined],
  ])('tells whoever asks the span that it was stored by, where one is recorded: %j', (own, trace) => {
    expect(read(true, 'Nats-Msg-Id: m', ...own).trace).toEqual(trace);
    expect(read(false, 'Nats-Msg-Id: m', ...own).trace).toBeUndefined();
  });

  it('is the same event with a trace as without, whoever reads it', () => {
    const marks = ['Td-Event: e', 'Td-Json: 1', 'Td-Final: 1', 'Td-Exclude: s', 'Nats-TTL: 60s'];
    const plain = read(false, 'Nats-Msg-Id: m', ...marks).message;
    for (const traces of [false, true]) {
      const traced = read(traces, 'Nats-Msg-Id: m', PARENT, 'tracestate: a=1', ...marks).message;
      expect(traced).toEqual(plain);
    }
  });

  it('has its trace behind the line that comes first: what stands elsewhere was written past ingest', () => {
    expect(read(true, PARENT, 'Nats-Msg-Id: m').trace).toBeUndefined();
    expect(read(true, 'Nats-Msg-Id: m', 'Td-Event: e', PARENT).trace).toBeUndefined();
  });

  it('is the event that its headers say, read one by one, whatever stands before the lines of the server', () => {
    const reader = createFeedReader(true);
    fc.assert(
      fc.property(fc.array(ownLine, { maxLength: 8 }), fc.string(), fc.boolean(), (own, data, inOrder) => {
        const server = linesOf(SERVER);
        // In another order than the server's it is read by name, to the same effect.
        const block = blockOf([...own, ...(inOrder ? server : server.reverse())]);
        const message = messageOf('live.0.t.a.b', block, data);
        const entry = reader.republished(message) as FeedEntry;
        message.reuse();
        const raw = { subject: 'evt.0.t.a.b', headers: block, data: Buffer.from(data) };
        const expected = decodeEvent(raw, { tenant: 't', topic: 'a.b' }, 7, 0);
        expect(entry.message).toEqual(expected);
        expect(entry).toMatchObject({ seq: 7, subject: 'evt.0.t.a.b', purge: undefined, ...stampOf(block) });
        // The same, read from the log.
        const again = reader.stored(raw, 7);
        expect({ ...again, message: again.message }).toEqual({ ...entry, message: expected });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['without headers', ''],
    ['without a place', blockOf(linesOf(SERVER).filter((line) => !line.startsWith('Nats-Sequence')))],
    ['of the place 0', stored().replace('Nats-Sequence: 7', 'Nats-Sequence: 0')],
    ['of a place that is no number', stored().replace('Nats-Sequence: 7', 'Nats-Sequence: x')],
    ['of a place that no log has', stored().replace('Nats-Sequence: 7', 'Nats-Sequence: 9007199254740993')],
    ['of another subject', stored().replace('evt.0.t.a.b', 'evt.0.t.a.c')],
    ['without a subject', blockOf(['Nats-Sequence: 7'])],
    ['of another subject after the right one', blockOf([...linesOf(SERVER), 'Nats-Subject: evt.0.u.a'])],
  ])('%s is a forgery', (_, block) => {
    expect(createFeedReader().republished(messageOf('live.0.t.a.b', block, 'x'))).toBeUndefined();
  });

  it('on a subject that nobody encoded has a place and no event', () => {
    const subject = 'evt.0.t.\u00e9';
    const block = Buffer.from(stored().replace('evt.0.t.a.b', subject)).toString('latin1');
    const entry = createFeedReader().republished(messageOf(subject.replace('evt', 'live'), block, 'x'));
    expect(entry).toMatchObject({ seq: 7, message: undefined, purge: undefined });
  });

  it('on the subject of purges is one, and no event', () => {
    const block = stored().replace('evt.0.t.a.b', 'evt.0.$.purge');
    const purge = { tenant: 't', patterns: ['a.*'] };
    const entry = createFeedReader().republished(messageOf('live.0.$.purge', block, JSON.stringify(purge)));
    expect(entry).toMatchObject({ seq: 7, message: undefined, purge });
  });

  it('of the next place has the place that its headers say: one reader reads many', () => {
    const reader = createFeedReader();
    const entries = Array.from({ length: 300 }, (_, at) => {
      const block = stored('Nats-Msg-Id: x', ...(at % 3 === 0 ? [`Td-Event: e${at}`] : [])).replace(
        'Nats-Sequence: 7',
        `Nats-Sequence: ${at + 1}`,
      );
      const message = messageOf('live.0.t.a.b', block, `payload ${at} ${'x'.repeat((at * 97) % 9_000)}`);
      const entry = reader.republished(message) as FeedEntry;
      message.reuse();
      return entry;
    });
    for (const [at, { seq, message }] of entries.entries()) {
      expect(seq).toBe(at + 1);
      expect(message?.event).toBe(at % 3 === 0 ? `e${at}` : '');
      expect(Buffer.from(message?.data ?? []).toString()).toBe(`payload ${at} ${'x'.repeat((at * 97) % 9_000)}`);
    }
    expect(lastHeader(stored(), 'Nats-Sequence')).toBe('7');
  });
});
