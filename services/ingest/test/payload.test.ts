import { createSseDecoder, type DecodedEvent, encodeEvent } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { startIngest } from './fixture.ts';

/** What a subscriber's parser makes of the message. */
function received({ event, data }: { event: string; data: Uint8Array }): DecodedEvent[] {
  const events: DecodedEvent[] = [];
  const decoder = createSseDecoder({ event: (decoded) => events.push(decoded) });
  decoder.feed(encodeEvent(event, 'cursor', data).block);
  return events;
}

const linesOf = (text: string): string => text.replace(/\r\n?/g, '\n');

const ATTEMPTS: readonly (readonly [name: string, text: string])[] = [
  ['a whole second event', 'x\r\n\r\nevent: evil\r\ndata: evil\r\n\r\n'],
  ['a second event after line feeds', 'x\n\nevent: evil\ndata: evil\n\n'],
  ['a data field', '\ndata: evil'],
  ['an id field', '\nid: evil\n'],
  ['a retry field', '\rretry: 1\r'],
  ['a comment', '\n: ok\n'],
  ['a lone CR', 'a\rb'],
  ['CR at the end', 'a\r'],
  ['CR and CRLF', '\r\r\n\r'],
  ['U+0085', 'a\u0085b'],
  ['U+2028 and U+2029', 'a\u2028b\u2029c'],
  ['VT and FF', 'a\u000bb\u000cc'],
  ['NUL', 'a\0b'],
  ['a byte order mark', '\ufeffdata: x'],
  ['nothing', ''],
  ['blanks', '  '],
  ['a line feed', '\n'],
  ['256 KiB of line feeds', '\n'.repeat(262_144)],
  ['an escape of a terminal', '\u001b[2J'],
];

describe('payloads', () => {
  it.each(ATTEMPTS)('hardening section 1: %s in a payload arrives as the same text and one event', async (...row) => {
    const [, text] = row;
    const ingest = await startIngest();
    expect((await ingest.raw('a', text, 'event=name')).status).toBe(202);
    expect((await ingest.publish({ topic: 'a', data: text, event: 'name' })).status).toBe(202);
    expect(ingest.messages).toHaveLength(2);
    for (const message of ingest.messages) {
      expect(Buffer.from(message.data).equals(Buffer.from(text))).toBe(true);
      const events = received(message);
      expect(events).toHaveLength(1);
      expect(events[0]?.event).toBe('name');
      // Of equal texts nothing is shown: a difference in 256 KiB of lines would flood the report.
      expect(events[0]?.data === linesOf(text)).toBe(true);
    }
  });

  it('section 5: any text goes through JSON and the raw route unchanged', { timeout: 20_000 }, async () => {
    const ingest = await startIngest();
    const text = anyText({ maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, text, async (sent, asJson) => {
        const start = ingest.messages.length;
        expect((await ingest.raw('a', sent)).status).toBe(202);
        expect((await ingest.publish({ topic: 'a', data: asJson })).status).toBe(202);
        expect((await ingest.publish({ topic: 'a', data: { [asJson]: [asJson] } })).status).toBe(202);
        expect(ingest.texts().slice(start)).toEqual([sent, asJson, JSON.stringify({ [asJson]: [asJson] })]);
      }),
      { numRuns: 60 },
    );
  });
});
