import { expect, test } from 'vitest';
import { conclude } from '../src/explain/conclude.ts';
import type { AskedEvent, JournalPart } from '../src/explain/session-record.ts';

const asked: AskedEvent = {
  epoch: 'e',
  seq: 5,
  found: { state: 'stored', topic: 't', event: '', timeMs: 1_000, exclude: '', isPublic: false },
};
const part: JournalPart = {
  node: 'a',
  sinceMs: 0,
  hearsSinceMs: 0,
  isOn: true,
  forgottenMs: 0,
  records: [],
  heard: [],
};

test('a user without a stream did not get it, where nothing is left out', () => {
  expect(conclude(asked, [part]).delivered).toBe('no');
});

test('a node that was heard last long before the event had ended by then', () => {
  const late = { ...asked, found: { ...asked.found, timeMs: 100_000 } } as AskedEvent;
  const heard = (heardMs: number): JournalPart => ({ ...part, heard: [{ node: 'b', sinceMs: 0, heardMs }] });
  expect(conclude(late, [heard(60_000)]).delivered).toBe('no');
  expect(conclude(late, [heard(80_000)]).delivered).toBe('unknown');
});

test('a node that is gone, started later, forgot, or keeps no journal makes it unknown', () => {
  const gone = { ...part, heard: [{ node: 'b', sinceMs: 0, heardMs: 2_000 }] };
  expect(conclude(asked, [gone])).toMatchObject({ delivered: 'unknown', lost: gone.heard });
  for (const left of [{ hearsSinceMs: 2_000 }, { forgottenMs: 2_000 }, { isOn: false }]) {
    expect(conclude(asked, [{ ...part, ...left }]).delivered).toBe('unknown');
  }
});
