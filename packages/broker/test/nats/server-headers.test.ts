import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastHeader } from '../../src/nats/raw-message.ts';
import { ServerHeaders, subjectLine } from '../../src/nats/server-headers.ts';

const SUBJECT = 'evt.0.t.orders.42';
const LINE = subjectLine(SUBJECT);

const asServer = (seq: number | string, stamp: string, subject = SUBJECT): string[] => [
  'Nats-Stream: EVT_0',
  `Nats-Subject: ${subject}`,
  `Nats-Sequence: ${seq}`,
  `Nats-Time-Stamp: ${stamp}`,
  'Nats-Last-Sequence: 3',
];
const blockOf = (lines: readonly string[]): string => `NATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

function read(block: string, payload = ''): ServerHeaders | undefined {
  const headers = new ServerHeaders();
  const bytes = Buffer.from(block + payload, 'latin1');
  return headers.read(bytes, block.length, LINE) ? headers : undefined;
}

/** What a publisher may have written: forged lines of the server above all. */
const forged = fc.oneof(
  fc.constantFrom(
    'Nats-Sequence: 99',
    'Nats-Sequence: 9999999999999999999',
    'Nats-Subject: evt.0.other.topic',
    `Nats-Subject: ${SUBJECT}`,
    'Nats-Time-Stamp: 2001-01-01T00:00:00Z',
    'Nats-Last-Sequence: 1',
    'Nats-Stream: EVT_0',
    'Nats-Stream: OTHER',
    'Td-Event: a',
    'X: Nats-Sequence: 1',
    'X-Nats-Sequence: 1',
    '',
  ),
  fc.string({ unit: fc.constantFrom(...'NatsSequnc-: 019Z.\t', '\u00e9') }),
);
const stamp = fc.constantFrom(
  '2026-11-21T10:00:00Z',
  '2026-11-21T10:00:00.5Z',
  '2026-11-21T10:00:00.123456789Z',
  '2026-11-21T23:59:59.000000001Z',
);
const server = fc.tuple(fc.integer({ min: 1, max: 1e12 }), stamp).map(([seq, at]) => asServer(seq, at));

describe('the lines that the server appends', () => {
  it('are read as the last of their names, whatever a publisher forged before them', () => {
    fc.assert(
      fc.property(fc.array(forged, { maxLength: 12 }), server, fc.string(), (before, lines, payload) => {
        const block = blockOf([...before, ...lines]);
        const headers = read(block, payload) as ServerHeaders;
        expect(headers.seq).toBe(Number(lastHeader(block, 'Nats-Sequence')));
        expect(headers.stamp.timeMs).toBe(Date.parse(lastHeader(block, 'Nats-Time-Stamp') ?? ''));
        expect(lastHeader(block, 'Nats-Subject')).toBe(SUBJECT);
        expect(block.slice(0, headers.start)).toBe(`${blockOf(before).slice(0, -4)}`);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are believed in no block that ends otherwise than the server ends one: not where any byte is another', () => {
    fc.assert(
      fc.property(
        fc.array(forged, { maxLength: 6 }),
        server,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('replace', 'insert', 'remove'),
        (before, lines, place, byte, how) => {
          const block = blockOf([...before, ...lines]);
          const at = block.length - 1 - (place % lines.join('\r\n').length);
          const rest = block.slice(how === 'insert' ? at : at + 1);
          const changed = block.slice(0, at) + (how === 'remove' ? '' : String.fromCharCode(byte)) + rest;
          const headers = read(changed);
          // Whatever it accepts, it must read as the names are read one by one.
          if (headers === undefined) return;
          expect(headers.seq).toBe(Number(lastHeader(changed, 'Nats-Sequence')));
          expect(headers.stamp.timeMs).toBe(Date.parse(lastHeader(changed, 'Nats-Time-Stamp') ?? ''));
          expect(lastHeader(changed, 'Nats-Subject')).toBe(SUBJECT);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['another order', asServer(7, '2026-11-21T10:00:00Z').reverse()],
    ['a line of somebody else after them', [...asServer(7, '2026-11-21T10:00:00Z'), 'Nats-Sequence: 9']],
    ['another subject', asServer(7, '2026-11-21T10:00:00Z', 'evt.0.t.orders.43')],
    ['a longer subject with the same end', asServer(7, '2026-11-21T10:00:00Z', `x${SUBJECT}`)],
    ['a number that is none', asServer('7x', '2026-11-21T10:00:00Z')],
    ['no number', asServer('', '2026-11-21T10:00:00Z')],
    ['a number that may not be exact', asServer('1234567890123456', '2026-11-21T10:00:00Z')],
    ['a stamp that is none', asServer(7, 'never')],
    ['one line missing', asServer(7, '2026-11-21T10:00:00Z').slice(1)],
    ['nothing', []],
  ])('are left to others to read with %s', (_, lines) => {
    expect(read(blockOf(lines))).toBeUndefined();
  });

  it('are not read beyond the block, nor where there is none', () => {
    const block = blockOf(asServer(7, '2026-11-21T10:00:00Z'));
    const headers = new ServerHeaders();
    expect(headers.read(Buffer.from(block), 12, LINE)).toBe(false);
    expect(headers.read(Buffer.from(block), -1, LINE)).toBe(false);
    expect(headers.read(Buffer.alloc(0), 0, LINE)).toBe(false);
    // The empty line is what ends a block.
    expect(read(block.slice(0, -2))).toBeUndefined();
    expect(read(`${block.slice(0, -1)}x`)).toBeUndefined();
    // A payload that looks like the lines of the server is none of them.
    expect(read('NATS/1.0\r\n\r\n', block)).toBeUndefined();
  });
});
