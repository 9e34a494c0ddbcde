import { describe, expect, it } from 'vitest';
import { createRecentStamps } from '../../src/nats/recent-stamps.ts';

describe('the stamps of what was fed', () => {
  it('show another message in a place, and not a repetition or what is not known', () => {
    const stamps = createRecentStamps();
    stamps.note(5, 'a');
    expect(stamps.isOther(5, 'a')).toBe(false);
    expect(stamps.isOther(5, 'b')).toBe(true);
    expect(stamps.isOther(6, 'b')).toBe(false);
    // A message without a stamp says nothing.
    expect(stamps.isOther(5, '')).toBe(false);
  });

  it('are remembered of the newest 4,096 places', () => {
    const stamps = createRecentStamps();
    for (let seq = 1; seq <= 4_097; seq += 1) stamps.note(seq, `${seq}`);
    expect(stamps.isOther(1, 'x')).toBe(false);
    expect(stamps.isOther(2, 'x')).toBe(true);
    expect(stamps.isOther(4_097, 'x')).toBe(true);
    expect(stamps.isOther(4_097, '4097')).toBe(false);
  });

  it('are forgotten with the log that they are of', () => {
    const stamps = createRecentStamps();
    stamps.note(5, 'a');
    stamps.clear();
    expect(stamps.isOther(5, 'b')).toBe(false);
  });
});
