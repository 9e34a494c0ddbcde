import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeIndexNotice, parseIndexNotice } from '../../src/nats/place-index.ts';

const place = fc.integer({ min: 1, max: 2 ** 40 });
const notices = fc.record({
  epoch: fc.string({ minLength: 1 }),
  places: fc
    .array(fc.tuple(fc.string({ minLength: 1 }), fc.array(place, { minLength: 1, maxLength: 5 })), { minLength: 1 })
    .map((entries) => new Map(entries)),
});

test('a notice is read as it was written', () => {
  fc.assert(fc.property(notices, (notice) => void expect(parseIndexNotice(encodeIndexNotice(notice))).toEqual(notice)));
});

test('whatever is no notice is none, and is no fault', () => {
  const of = (at: unknown): string => JSON.stringify({ epoch: 'e', from: 5, at });
  expect(parseIndexNotice(of(['a', 0, 'b', [1, 2]]))?.places).toEqual(
    new Map([
      ['a', [5]],
      ['b', [6, 7]],
    ]),
  );
  for (const at of [{ a: [0] }, ['a'], [1, 'a'], ['a', -5], ['a', ['b']], ['a', 0.5], ['a', null], null]) {
    expect(parseIndexNotice(of(at))).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => void expect(parseIndexNotice(text)).toBeUndefined()));
  fc.assert(fc.property(fc.jsonValue(), (at) => void parseIndexNotice(of(at))));
});
