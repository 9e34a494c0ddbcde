import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FinalTracker } from '../src/final-tracker.ts';

describe('a final tracker', () => {
  it('section 6: is done while the newest event of every topic is final', () => {
    const topics = ['a', 'b', 'c'];
    const notes = fc.array(fc.tuple(fc.constantFrom(...topics), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(notes, (events) => {
        const tracker = new FinalTracker(topics);
        const newest = new Map<string, boolean>();
        expect(tracker.done).toBe(false);
        for (const [topic, final] of events) {
          tracker.note(topic, final);
          newest.set(topic, final);
          expect(tracker.done).toBe(topics.every((each) => newest.get(each) === true));
        }
      }),
    );
  });

  it('section 5: a later event reopens a topic', () => {
    const tracker = new FinalTracker(['a']);
    tracker.note('a', true);
    expect(tracker.done).toBe(true);
    tracker.note('a', false);
    expect(tracker.done).toBe(false);
    tracker.note('a', true);
    expect(tracker.done).toBe(true);
  });
});
