import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addMarks, compactReads, encodeReadState, isRead, parseReadState, type ReadState } from '../src/read-state.ts';

const EPOCH = 'log1';
const PLACES = 40;
const place = fc.integer({ min: 1, max: PLACES });
const places = Array.from({ length: PLACES }, (_, at) => at + 1);

/** What is done to a state: marks, or it is compacted while these places are kept. */
type Step = { readonly upTo: number; readonly singles: readonly number[] } | { readonly kept: readonly number[] };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ upTo: fc.oneof(fc.constant(0), place), singles: fc.array(place, { maxLength: 5 }) }),
  fc.record({ kept: fc.uniqueArray(place) }),
);

it('is the set of places that were marked, in whatever order and however compacted, and only grows', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const model = new Set<number>();
      let kept = new Set(places);
      let state: ReadState | undefined;
      for (const each of steps) {
        if ('kept' in each) {
          // What is gone once never comes back.
          kept = new Set(each.kept.filter((seq) => kept.has(seq)));
          const unread = [...kept].filter((seq) => !model.has(seq));
          if (state !== undefined) state = compactReads(state, Math.min(...unread, PLACES + 1) - 1);
        } else {
          for (const seq of places) if (seq <= each.upTo || each.singles.includes(seq)) model.add(seq);
          const before: ReadState | undefined = state;
          state = addMarks(before, { epoch: EPOCH, ...each }, 1);
          if (state !== before) expect(state.revision).toBeGreaterThan(before?.revision ?? 0);
        }
        if (state === undefined) continue;
        for (const seq of kept) expect(isRead(state, seq)).toBe(model.has(seq));
        expect(state.singles.every((seq, at) => seq > (state?.singles[at - 1] ?? state?.upTo ?? 0))).toBe(true);
        expect(parseReadState(encodeReadState(state))).toEqual(state);
        expect(addMarks(state, { epoch: EPOCH, upTo: state.upTo, singles: [...model] }, 9).upTo).toBe(state.upTo);
      }
    }),
  );
});

it('does not change by what is read already, and nothing of another log is left', () => {
  const state = addMarks(undefined, { epoch: EPOCH, upTo: 3, singles: [5, 9, 5] }, 1_000);
  expect(state).toEqual({ epoch: EPOCH, upTo: 3, singles: [5, 9], revision: 1_000 });
  expect(addMarks(state, { epoch: EPOCH, upTo: 2, singles: [1, 9] }, 2_000)).toBe(state);
  const anew = addMarks(state, { epoch: 'log2', upTo: 0, singles: [2] }, 500);
  expect(anew).toEqual({ epoch: 'log2', upTo: 0, singles: [2], revision: 1_001 });
});

it('takes nothing for a state that is none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseReadState(text)).toBeUndefined();
    }),
  );
  for (const text of [
    '["a",1,2,"0"]',
    '["a",1,2,"1..2"]',
    '["a",-1,2,""]',
    '["a",1,2,"zzzzzzzzzzzz"]',
    '["a",1,2,"",1]',
  ])
    expect(parseReadState(text)).toBeUndefined();
  // A thousand of them, as far from each other as those of a busy hub, are a few kilobytes.
  const singles = Array.from({ length: 1_000 }, (_, at) => 1_000_000 + at * 9_999);
  expect(encodeReadState({ epoch: EPOCH, upTo: 999_999, singles, revision: 1 }).length).toBeLessThan(5_000);
});
