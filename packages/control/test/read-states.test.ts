import type { Records } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { expect, test } from 'vitest';
import { addMarks, type ReadState } from '../src/read-state.ts';
import { createReadStates, type ReadStates } from '../src/read-states.ts';

/** Records of which each question takes a turn of the event loop, as over a network. */
function createSlowRecords(): Records & { isAway: boolean } {
  const kept = new Map<string, { value: string; revision: number }>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    isAway: false,
    async get(key) {
      await turn();
      if (this.isAway) throw new TidingsError('unavailable', 'The records are away.');
      return kept.get(key) ?? { value: undefined, revision: 0 };
    },
    async replace(key, value, _ttlSec, revision) {
      await turn();
      if ((kept.get(key)?.revision ?? 0) !== revision) return false;
      kept.set(key, { value, revision: revision + 1 });
      return true;
    },
    async remove(key) {
      kept.delete(key);
    },
  };
}

const mark = (states: ReadStates, seq: number, user = 'alice') =>
  states.change('t', user, 60, async (before: ReadState | undefined) =>
    addMarks(before, { epoch: 'e', upTo: 0, singles: [seq] }, 0),
  );
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

test('as many events as a user may mark in a second are marked by a page that does it at the same time', async () => {
  const states = createReadStates(createSlowRecords());
  await Promise.all(numbers(50).flatMap((seq) => [mark(states, seq), mark(states, seq, 'bob')]));
  for (const user of ['alice', 'bob']) expect((await states.find('t', user))?.singles).toEqual(numbers(50));
});

test('whoever comes when very many wait is refused, and one that fails holds up nobody', async () => {
  const records = createSlowRecords();
  const states = createReadStates(records);
  records.isAway = true;
  const marks = numbers(101).map((seq) => mark(states, seq));
  const [failed, refused] = [marks[0], marks[100]];
  await expect(refused).rejects.toThrow('changes all the time');
  await expect(failed).rejects.toThrow('away');
  records.isAway = false;
  await Promise.allSettled(marks);
  expect((await states.find('t', 'alice'))?.singles).toEqual(numbers(100).slice(1));
  expect((await mark(states, 200)).after.singles).toContain(200);
});
