import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { encodeCursor, parseCursor } from '../src/cursor.ts';
import { epoch, seq } from './arbitraries.ts';

const cursor = fc.tuple(epoch, seq).map(([log, place]) => encodeCursor(log, place));
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

// Every cursor that differs from `text` in the one character at `at`.
function changedAt(text: string, at: number): string[] {
  return [...ALPHABET]
    .filter((character) => character !== text[at])
    .map((character) => text.slice(0, at) + character + text.slice(at + 1));
}

describe('encodeCursor', () => {
  it('section 4: is opaque text of at most 128 bytes that ends in a checksum of 4 characters', () => {
    fc.assert(
      fc.property(cursor, (text) => {
        expect(text).toMatch(/^[0-9a-z]+\.[0-9a-z]+\.[0-9a-z]{4}$/);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(128);
      }),
    );
  });

  // Worked out apart from src, by FNV-1a of the text before the checksum, modulo 36^4.
  it('stays the same from release to release, since clients keep cursors', () => {
    expect(encodeCursor('3f', 0)).toBe('3f.0.blsy');
    expect(encodeCursor('3f', 12_313)).toBe('3f.9i1.3qxz');
    expect(encodeCursor('z'.repeat(32), Number.MAX_SAFE_INTEGER)).toBe(`${'z'.repeat(32)}.2gosa7pa2gv.k4hy`);
  });
});

describe('parseCursor', () => {
  it('section 4: reads back every cursor that was written', () => {
    fc.assert(
      fc.property(epoch, seq, (log, place) => {
        expect(parseCursor(encodeCursor(log, place))).toEqual({ epoch: log, seq: place });
      }),
      { numRuns: 1_000 },
    );
  });

  it('section 4: refuses a cursor that was cut at its end, wherever', () => {
    fc.assert(
      fc.property(cursor, (text) => {
        for (let end = 0; end < text.length; end += 1) expect(parseCursor(text.slice(0, end))).toBeUndefined();
      }),
    );
  });

  it('section 4: refuses a cursor with a character too many, at its end or in its checksum', () => {
    fc.assert(
      fc.property(cursor, fc.constantFrom(...ALPHABET, '.', '\n', ' ', '\0'), (text, character) => {
        expect(parseCursor(text + character)).toBeUndefined();
      }),
    );
  });

  it('section 4: refuses every change of one character in the checksum', () => {
    fc.assert(
      fc.property(cursor, (text) => {
        for (let at = text.length - 4; at < text.length; at += 1) {
          for (const changed of changedAt(text, at)) expect(parseCursor(changed)).toBeUndefined();
        }
      }),
    );
  });

  it('section 4: refuses every character that no cursor has, wherever it stands', () => {
    fc.assert(
      fc.property(
        cursor,
        fc.nat(),
        fc.constantFrom('A', '-', '+', '_', '%', ' ', '\n', '\0', 'é', '١'),
        (text, place, other) => {
          const at = place % text.length;
          expect(parseCursor(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
          expect(parseCursor(text.slice(0, at) + other + text.slice(at))).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  // Before the checksum a change may collide: four base-36 digits miss one change in 1,679,616. A million changes of
  // fixed cursors let through 0.6 on average, so that up to 10 is a checksum that works and 11 is one that does not.
  it('section 4: refuses a change of one character before the checksum, but for about one in 1.7 million', () => {
    let tried = 0;
    let missed = 0;
    for (let place = 1; tried < 1_000_000; place = place * 7 + 1) {
      const text = encodeCursor((place % 1_000_003).toString(36), place % Number.MAX_SAFE_INTEGER);
      for (let at = 0; at < text.length - 5; at += 1) {
        if (text[at] === '.') continue;
        for (const changed of changedAt(text, at)) {
          tried += 1;
          if (parseCursor(changed) !== undefined) missed += 1;
        }
      }
      if (place > 1e14) place = (place % 999_983) + 1;
    }
    expect(missed).toBeLessThanOrEqual(10);
  });

  it('section 4: refuses a cursor that was cut at its start or in its middle, but for about one in 1.7 million', () => {
    let tried = 0;
    let missed = 0;
    for (let place = 1; place <= 5_000; place += 1) {
      const text = encodeCursor('k3x9', place * 104_729);
      for (let from = 0; from < text.length; from += 1) {
        for (let to = from + 1; to < text.length; to += 1) {
          tried += 1;
          if (parseCursor(text.slice(0, from) + text.slice(to)) !== undefined) missed += 1;
        }
      }
    }
    expect(tried).toBeGreaterThan(400_000);
    expect(missed).toBeLessThanOrEqual(5);
  });

  it.each([
    ['the empty string', ''],
    ['10 KB of digits', '1'.repeat(10_240)],
    ['10 KB in the shape of a cursor', `${'a'.repeat(10_240)}.1.abcd`],
    ['an emoji', '😀'],
    ['an emoji for an epoch', '😀.1.abcd'],
    ['a negative place', encodeCursor('3f', -1)],
    ['upper case', encodeCursor('3f', 12_313).toUpperCase()],
    ['an upper-case epoch', encodeCursor('3F', 12_313)],
    ['a fraction', encodeCursor('3f', 1.5)],
    ['no number', encodeCursor('3f', Number.NaN)],
    ['no end', encodeCursor('3f', Number.POSITIVE_INFINITY)],
    ['a place over 2^53', encodeCursor('3f', 2 ** 53)],
    ['a place of 11 digits, all z', 'zzzzzzzzzzz'],
    ['an empty epoch', encodeCursor('', 1)],
    ['an epoch of 33 characters', encodeCursor('a'.repeat(33), 1)],
    ['a null', 'null'],
    ['a number', '42'],
    ['a date', '2026-11-21T08:00:00.123Z'],
    ['a line break at the end', `${encodeCursor('3f', 1)}\n`],
    ['a space before', ` ${encodeCursor('3f', 1)}`],
    ['two in one', `${encodeCursor('3f', 1)}, ${encodeCursor('3f', 2)}`],
  ])('section 4: refuses %s', (_, text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('refuses a second writing of the same place, even with the right checksum', () => {
    // The checksum of the text with a leading zero, by a search through all of them: no checksum may make it legal.
    const accepted: string[] = [];
    for (let check = 0; check < 1_679_616; check += 1) {
      const text = `3f.01.${check.toString(36).padStart(4, '0')}`;
      if (parseCursor(text) !== undefined) accepted.push(text);
    }
    expect(accepted).toEqual([]);
  });

  it('answers any text without throwing', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 200 }), (text) => {
        const place = parseCursor(text);
        if (place !== undefined) expect(encodeCursor(place.epoch, place.seq)).toBe(text);
      }),
    );
  });
});
