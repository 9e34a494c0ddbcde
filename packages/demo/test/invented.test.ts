import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { change } from '../src/dashboard/back-end.ts';
import { toTokens } from '../src/fake-model.ts';
import { playOn, trade } from '../src/ticker/back-end.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('what the back ends of the demo invent', () => {
  test('tokens joined are the text, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => toTokens(text).join('') === text));
  });

  test('a number of the shop stays between nothing and its most, and remembers the newest thirty', () => {
    fc.assert(
      fc.property(fc.array(chance, { maxLength: 60 }), (chances) => {
        let gauge = { label: 'Flour', unit: 'kg', most: 100, value: 50, recent: [] as readonly number[] };
        for (const random of chances) gauge = change(gauge, () => random);
        expect(gauge.value).toBeGreaterThanOrEqual(0);
        expect(gauge.value).toBeLessThanOrEqual(100);
        expect(gauge.recent).toHaveLength(Math.min(30, chances.length));
        if (chances.length > 0) expect(gauge.recent.at(-1)).toBe(gauge.value);
      }),
    );
  });

  test('a price is never below one, and its change is the difference to the price before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 100_000 }), chance, (cents, random) => {
        const price = cents / 100;
        const next = trade({ price, change: 0 }, () => random);
        expect(next.price).toBeGreaterThanOrEqual(1);
        expect(price + next.change).toBeCloseTo(next.price, 6);
      }),
    );
  });

  test('a match has ninety minutes, a goal is news, and another follows', () => {
    let match = playOn({ home: 3, away: 1, minute: 90, news: 'Full time' }, () => 0);
    expect(match).toEqual({ home: 0, away: 0, minute: 0, news: 'Kick-off' });
    match = playOn(match, () => 0.97);
    expect(match).toEqual({ home: 0, away: 1, minute: 1, news: '1′ Goal for the Owls' });
    for (let minute = 2; minute <= 90; minute += 1) match = playOn(match, () => 0.5);
    expect(match).toEqual({ home: 0, away: 1, minute: 90, news: 'Full time' });
  });
});
