import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SequenceTally } from '../src/page/break/sequence-tally.ts';

function tallyOf(accepted: number, received: readonly number[]): SequenceTally {
  const tally = new SequenceTally();
  for (let number = 1; number <= accepted; number += 1) tally.accept(number);
  for (const number of received) tally.receive(number);
  return tally;
}

describe('the tally of numbers', () => {
  test('is exact when every accepted number came once and in order', () => {
    expect(tallyOf(3, [1, 2, 3]).isExact).toBe(true);
    expect(tallyOf(3, [1, 2]).counts).toMatchObject({ onTheWay: 1, missing: 0 });
    expect(tallyOf(3, [1, 2]).isExact).toBe(false);
  });

  test('takes a number that was received before its publisher knew of it for no fault', () => {
    expect(tallyOf(2, [1, 2, 3]).counts).toMatchObject({ onTheWay: 0, missing: 0, repeated: 0, late: 0 });
  });

  test('counts what was passed over, what came twice, and what came late', () => {
    expect(tallyOf(5, [1, 3, 3, 5, 2]).counts).toEqual({
      accepted: 5,
      received: 4,
      onTheWay: 0,
      missing: 1,
      repeated: 1,
      late: 1,
    });
  });

  test('heeds nothing that its publisher can not have sent: it would count up to whatever somebody else sends', () => {
    const tally = tallyOf(2, [1, 2]);
    for (const data of [2 ** 52, 4, 0, -1, 1.5, Number.NaN, '3', null, { a: 1 }]) tally.receive(data);
    expect(tally.counts).toEqual({ accepted: 2, received: 2, onTheWay: 0, missing: 0, repeated: 0, late: 0 });
  });

  test('loses sight of nothing, in whatever order numbers come', () => {
    const arrivals = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, (received) => {
        const { received: count, missing, repeated } = tallyOf(20, received).counts;
        expect(count).toBe(new Set(received).size);
        expect(repeated).toBe(received.length - count);
        expect(missing).toBe(Math.max(0, ...received) - count);
      }),
    );
  });
});
