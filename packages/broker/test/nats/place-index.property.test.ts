import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeIndexNotice, parseIndexNotice } from '../../src/nats/place-index.ts';
import { fromIndexed, toIndexed } from '../../src/nats/subject.ts';

const subject = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_%-]{1,12}$/), { minLength: 2, maxLength: 5 })
  .map((tokens) => tokens.join('.'));
const seqs = fc.array(fc.integer({ min: 1, max: 2 ** 50 }), { minLength: 1, maxLength: 20 });

it('a notice that was written is read as it was', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.tuple(subject, seqs), { minLength: 1, maxLength: 30 }), (epoch, entries) => {
      const places = new Map(entries);
      const read = parseIndexNotice(encodeIndexNotice({ epoch, places }));
      expect(read?.epoch).toBe(epoch);
      expect(read?.subjects.map((name, at) => [name, read.places[at]])).toEqual(
        [...places].flatMap(([name, seqsOf]) => seqsOf.map((seq) => [name, seq])),
      );
    }),
  );
});

it('whatever else comes is no notice, and throws nothing', () => {
  const offsets = fc.oneof(fc.array(fc.oneof(fc.integer(), fc.double(), fc.string())), fc.jsonValue());
  const of = (at: unknown): string => JSON.stringify({ epoch: 'e', from: 5, at });
  expect(parseIndexNotice(of(['a', 0, 'b', [1, 2]]))).toEqual({
    epoch: 'e',
    subjects: ['a', 'b', 'b'],
    places: [5, 6, 7],
  });
  for (const at of [{ a: [0] }, ['a'], [1, 'a'], ['a', -5], ['a', ['b']], ['a', 0.5], ['a', null], null]) {
    expect(parseIndexNotice(of(at))).toBeUndefined();
  }
  const likeNotice = fc.record(
    { epoch: fc.jsonValue(), from: fc.jsonValue(), at: fc.array(fc.oneof(subject, offsets)) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        likeNotice.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const notice = parseIndexNotice(text);
        for (const place of notice?.places ?? []) {
          expect(Number.isSafeInteger(place) && place > 0).toBe(true);
        }
      },
    ),
  );
});

it('a subject that the index names is the stored one again', () => {
  fc.assert(
    fc.property(subject, (name) => {
      expect(toIndexed(fromIndexed(name))).toBe(name);
    }),
  );
});
