import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStamp, StampReader } from '../../src/nats/stamp.ts';

/** As the server writes it: Go's RFC 3339 to the nanosecond, in UTC, without trailing zeros. */
function stampText(timeMs: number, subMs: number): string {
  const second = new Date(timeMs).toISOString().slice(0, 19);
  const nanos = (timeMs % 1000) * 1_000_000 + subMs;
  const fraction = `${nanos}`.padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${second}Z` : `${second}.${fraction}Z`;
}

const timeMs = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
// Round ones more often: they lose their zeros.
const subMs = fc.oneof(fc.constantFrom(0, 1, 10, 100_000, 999_999), fc.nat(999_999));

describe('the stamp of a message', () => {
  it('is read to the nanosecond, and its milliseconds are those of Date.parse', () => {
    // One reader for all, so that seconds repeat and change under it.
    const reader = new StampReader();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(timeMs, fc.nat(3_000)), subMs), { minLength: 1 }), (moments) => {
        for (const [ms, sub] of moments) {
          const text = stampText(ms, sub);
          const line = Buffer.from(`Nats-Time-Stamp: ${text}`);
          expect(reader.readBefore(line, line.length)).toBe(line.length - text.length);
          expect([reader.timeMs, reader.subMs]).toEqual([ms, sub]);
          expect(Date.parse(text)).toBe(ms);
          expect(parseStamp(text)).toMatchObject({ timeMs: ms, subMs: sub });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of any other text is what Date.parse makes of it', () => {
    const almost = fc
      .tuple(
        timeMs,
        subMs,
        fc.nat(40),
        fc.constantFrom('', '0', '9', '.', ':', '-', 'T', 'Z', ' ', '+01:00', '\r\n', 'x'),
      )
      .map(([ms, sub, at, change]) => {
        const text = stampText(ms, sub);
        return text.slice(0, at) + change + text.slice(at + 1);
      });
    fc.assert(
      fc.property(fc.oneof(almost, fc.string()), (text) => {
        expect(parseStamp(text).timeMs).toBe(Date.parse(text));
      }),
      { numRuns: 2_000 },
    );
    for (const text of ['', 'Z', 'never', '2026-99-99T00:00:00Z', '2026-11-21T10:00:00.1234567891Z']) {
      expect(parseStamp(text).timeMs).toBe(Date.parse(text));
    }
  });
});
