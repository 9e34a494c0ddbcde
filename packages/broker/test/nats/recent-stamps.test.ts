import { describe, expect, it } from 'vitest';
import { createRecentStamps } from '../../src/nats/recent-stamps.ts';
import { parseStamp } from '../../src/nats/stamp.ts';

const A = parseStamp('2026-11-21T10:00:00.123456789Z');
const B = parseStamp('2026-11-21T10:00:00.123456788Z');
const LATER = parseStamp('2026-11-21T10:00:01.123456789Z');
const NONE = parseStamp('');

describe('the stamps of what was fed', () => {
  it('show another message in a place, and not a repetition or what is not known', () => {
    const stamps = createRecentStamps();
    stamps.note(5, A);
    expect(stamps.isOther(5, A)).toBe(false);
    expect(stamps.isOther(5, B)).toBe(true);
    expect(stamps.isOther(5, LATER)).toBe(true);
    expect(stamps.isOther(6, B)).toBe(false);
    // A message without a stamp says nothing.
    expect(stamps.isOther(5, NONE)).toBe(false);
    stamps.note(7, NONE);
    expect(stamps.isOther(7, A)).toBe(false);
  });

  it('are remembered of the newest 4,096 places', () => {
    const stamps = createRecentStamps();
    for (let seq = 1; seq <= 4_097; seq += 1) stamps.note(seq, { timeMs: 1_000, subMs: seq });
    expect(stamps.isOther(1, A)).toBe(false);
    expect(stamps.isOther(2, A)).toBe(true);
    expect(stamps.isOther(4_097, A)).toBe(true);
    expect(stamps.isOther(4_097, { timeMs: 1_000, subMs: 4_097 })).toBe(false);
  });

  it('are forgotten with the log that they are of', () => {
    const stamps = createRecentStamps();
    stamps.note(5, A);
    stamps.clear();
    expect(stamps.isOther(5, B)).toBe(false);
  });
});
