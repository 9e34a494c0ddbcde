import { describe, expect, test } from 'vitest';
import { formatAge, formatBytes, formatCount, formatLatency, formatPerSec } from '../src/page/quantity.ts';

describe('numbers on pages', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [3_200_000_000_000_000, '3,200.0 TB'],
  ])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [-5_000, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 0 s'],
    [7_500_000, '2 h 5 min'],
    [86_400_000 * 3 + 3_600_000, '3 d 1 h'],
  ])('%i ms are an age of %s', (ms, text) => expect(formatAge(ms)).toBe(text));

  test('a latency has the unit that suits it, and none is a dash', () => {
    expect([null, 0, 14, 999, 1_400].map(formatLatency)).toEqual(['–', '0 ms', '14 ms', '999 ms', '1.4 s']);
  });

  test('rates have tenths as long as these matter', () => {
    expect([0, 12.5, 999.9, 1_200.4].map(formatPerSec)).toEqual(['0.0', '12.5', '999.9', '1,200']);
    expect(formatCount(1_234_567)).toBe('1,234,567');
  });
});
