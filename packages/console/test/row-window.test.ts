import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { moveRow, ROW_PX, toRowWindow, toScrollPx } from '../src/page/live/row-window.ts';
import { parseLiveAddress, toLiveAddress } from '../src/page/live/topic-address.ts';

const HEIGHT_PX = 10 * ROW_PX;

describe('the part of a list that is drawn', () => {
  test('has all that is seen, and little more', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 3_000_000 }),
        fc.nat({ max: 2_000 }),
        (count, scrollPx, heightPx) => {
          const { first, end } = toRowWindow(count, scrollPx, heightPx);
          expect(end - first).toBeLessThanOrEqual(Math.ceil(heightPx / ROW_PX) + 14);
          const seenFirst = Math.floor(scrollPx / ROW_PX);
          for (const row of [seenFirst, Math.floor((scrollPx + heightPx) / ROW_PX)]) {
            if (row < count) expect(row >= first && row < end).toBe(true);
          }
          expect(first).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(count);
        },
      ),
    );
  });

  test('follows the keys, within the list, and is scrolled no more than is needed', () => {
    const move = (key: string, row: number): number | undefined => moveRow(key, row, 100, HEIGHT_PX);
    const keys = ['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End'];
    expect(keys.map((key) => move(key, 50))).toEqual([49, 51, 41, 59, 0, 99]);
    expect(keys.map((key) => move(key, 0))).toEqual([0, 1, 0, 9, 0, 99]);
    expect(keys.map((key) => move(key, 99))).toEqual([98, 99, 90, 99, 0, 99]);
    expect(keys.map((key) => move(key, -1))).toEqual([99, 99, 99, 99, 0, 99]);
    expect([move('a', 5), moveRow('End', -1, 0, HEIGHT_PX)]).toEqual([undefined, undefined]);
    expect(toScrollPx(5, 2 * ROW_PX, HEIGHT_PX)).toBe(2 * ROW_PX);
    expect(toScrollPx(1, 2 * ROW_PX, HEIGHT_PX)).toBe(ROW_PX);
    expect(toScrollPx(12, 2 * ROW_PX, HEIGHT_PX)).toBe(3 * ROW_PX);
  });
});

describe('the address of a page of live events', () => {
  test('brings back its topics and its replay', () => {
    const replay = fc.oneof(fc.constantFrom('none', 'last', 'all' as const), fc.integer({ min: 1, max: 10_000 }));
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), replay, (topics, replay) => {
        const address = { topics, replay } as Parameters<typeof toLiveAddress>[0];
        expect(parseLiveAddress(toLiveAddress(address))).toEqual(address);
      }),
    );
    expect(toLiveAddress({ topics: [], replay: 'all' })).toBe('#/live');
    expect(parseLiveAddress('#/live?topic=a&topic=a&topic=&replay=10001')).toEqual({ topics: ['a'], replay: 'none' });
  });
});
