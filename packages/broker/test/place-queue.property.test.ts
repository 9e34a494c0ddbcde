import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlaceQueue } from '../src/log/place-queue.ts';

interface Entry {
  readonly seq: number;
}

const step = fc.oneof(
  // Mostly the next place; at times far beyond it.
  {
    weight: 6,
    arbitrary: fc.record({ push: fc.oneof(fc.constant(1), fc.constant(1), fc.integer({ min: 1, max: 1e9 })) }),
  },
  { weight: 2, arbitrary: fc.record({ deleteAt: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.constant('delete oldest' as const) },
);

describe('a queue of places, against a map', () => {
  it('keeps, finds and forgets the same', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.nat(1e6), (steps, start) => {
        const queue = new PlaceQueue<Entry, string>();
        const map = new Map<number, Entry>();
        const places: number[] = [];
        let last = start;
        const leave = (seq: number): void => {
          expect(queue.groupOf(seq)).toBe(map.has(seq) ? `group ${seq}` : undefined);
          expect(queue.delete(seq)).toBe(map.delete(seq) ? seq % 7 : 0);
        };
        for (const each of steps) {
          if (each === 'delete oldest') leave(map.keys().next().value ?? 0);
          else if ('push' in each) {
            last += each.push;
            const entry = { seq: last };
            queue.push(entry, `group ${last}`, last % 7);
            map.set(last, entry);
            places.push(last);
          } else leave(places[each.deleteAt] ?? each.deleteAt);
          expect(queue.size).toBe(map.size);
          expect(queue.oldest).toBe(map.values().next().value);
          expect(queue.oldestPlace).toBe(map.keys().next().value ?? 0);
        }
        for (const seq of [...places, ...places.map((place) => place + 1), ...places.map((place) => place - 1), 0]) {
          expect(queue.get(seq)).toBe(map.get(seq));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('grows in the middle of its round, with empty slots in it', () => {
    const queue = new PlaceQueue<Entry, string>();
    const push = (seq: number): void => queue.push({ seq }, 'group', 1);
    for (let seq = 1; seq <= 60; seq += 1) push(seq);
    for (let seq = 1; seq <= 40; seq += 1) queue.delete(seq);
    queue.delete(50);
    for (let seq = 61; seq <= 1_000; seq += 1) push(seq);
    expect([queue.size, queue.oldestPlace, queue.get(50), queue.groupOf(51)]).toEqual([959, 41, undefined, 'group']);
    for (let seq = 51; seq <= 1_000; seq += 1) expect(queue.get(seq)?.seq).toBe(seq);
  });
});
