import { describe, expect, test } from 'vitest';
import { Arrivals } from '../src/page/break/arrivals.ts';

describe('arrivals', () => {
  test('are counted by slot, and old slots are forgotten', () => {
    const arrivals = new Arrivals(3, 100, 1_000);
    for (const atMs of [1_000, 1_050, 1_199]) arrivals.add(atMs);
    expect(arrivals.slots(1_199)).toEqual([0, 2, 1]);
    expect(arrivals.slots(1_250)).toEqual([2, 1, 0]);
    expect(arrivals.slots(9_000)).toEqual([0, 0, 0]);
    arrivals.add(9_001);
    expect(arrivals.slots(9_050)).toEqual([0, 0, 1]);
  });

  test('know their longest pause, and where a moment lies', () => {
    const arrivals = new Arrivals(3, 100, 0);
    for (const atMs of [0, 20, 170, 180]) arrivals.add(atMs);
    expect(arrivals.longestPauseMs).toBe(150);
    expect(arrivals.placeOf(170, 180)).toBe(2);
    expect(arrivals.placeOf(20, 180)).toBe(1);
    expect(arrivals.placeOf(20, 500)).toBeUndefined();
  });
});
