import { describe, expect, test } from 'vitest';
import { median, medianBy, slope } from '../src/report/statistics.ts';

describe('statistics', () => {
  test('a median is the middle one, the lower of two, and leaves its input as it was', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(medianBy([{ a: 9 }, { a: 7 }, { a: 8 }], ({ a }) => a)).toEqual({ a: 8 });
    expect(() => median([])).toThrow(RangeError);
  });

  test('a slope is that of the line through the points', () => {
    expect(slope([0, 1, 2, 3].map((x) => ({ x, y: 5 - 2 * x })))).toBeCloseTo(-2);
    expect(slope([{ x: 1, y: 1 }])).toBe(0);
  });
});
