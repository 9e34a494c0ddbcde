import { TidingsError } from '@tidings/protocol';
import { createLogger } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { expect, test } from 'vitest';
import { type Fact, type FactBatch, parseFactBatch } from '../src/fact.ts';
import { createFactReporter } from '../src/fact-reporter.ts';

const log = createLogger('test', 'silent');
const opened = (session: string): Fact => ({ kind: 'opened', session, timeMs: 1, tenant: 't', topics: [] });
const changed = (session: string): Fact => ({ kind: 'changed', session, timeMs: 1, topics: [] });
const closed = (session: string): Fact => ({ kind: 'closed', session, timeMs: 1, reason: 'gone' });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(most?: number) {
  const clock = createFakeClock();
  const batches: FactBatch[] = [];
  const state = { away: false, dropped: 0 };
  const queue = {
    async put(_lane: string, _id: string, body: string) {
      if (state.away) throw new TidingsError('unavailable', 'away');
      batches.push(parseFactBatch(body) as FactBatch);
    },
  };
  const onDropped = (count: number): void => {
    state.dropped += count;
  };
  const reporter = createFactReporter({ queue, node: 'abcdefgh', clock, log, onDropped, ...(most && { most }) });
  const elapse = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let round = 0; round < 10; round += 1) await turn();
  };
  return { clock, batches, state, reporter, elapse };
}

test('facts go in batches and in their order, and wait while the queue is away', async () => {
  const { batches, state, reporter, elapse } = setUp();
  state.away = true;
  for (let count = 0; count < 600; count += 1) reporter.note(closed(`s${count}`));
  await elapse(100);
  await elapse(500);
  expect(batches).toEqual([]);
  state.away = false;
  await elapse(500);
  expect(batches.map(({ id, facts }) => [id, facts.length])).toEqual([
    ['abcdefgh-1', 500],
    ['abcdefgh-2', 100],
  ]);
  expect(batches.flatMap(({ facts }) => facts.map(({ session }) => session)).at(-1)).toBe('s599');
  expect(state.dropped).toBe(0);
});

test('what comes while more waits than is kept is counted as lost, but no end of a session that is known', async () => {
  const { batches, state, reporter, elapse } = setUp(3);
  for (const fact of [opened('a'), changed('a'), opened('b')]) reporter.note(fact);
  for (const fact of [opened('c'), changed('b'), closed('c'), closed('b'), closed('known')]) reporter.note(fact);
  expect(state.dropped).toBe(3);
  await elapse(100);
  const facts = batches.flatMap((batch) => batch.facts.map(({ kind, session }) => `${kind} ${session}`));
  expect(facts).toEqual(['opened a', 'changed a', 'opened b', 'closed b', 'closed known']);
});

test('once there is room again those that go on are asked for, until all of them had room', async () => {
  const { batches, state, reporter, elapse } = setUp(2);
  let asked = 0;
  reporter.onCaughtUp(() => {
    asked += 1;
    for (const session of asked === 1 ? ['a', 'b', 'c'] : ['c']) reporter.again(opened(session));
  });
  for (const session of ['a', 'b']) reporter.note(opened(session));
  await elapse(100);
  expect(asked).toBe(0);
  for (const session of ['d', 'e', 'c']) reporter.note(opened(session));
  for (let count = 0; count < 4; count += 1) await elapse(100);
  expect([asked, state.dropped]).toEqual([2, 1]);
  reporter.note(closed('c'));
  await elapse(100);
  const facts = batches.flatMap((batch) => batch.facts.map(({ kind, session }) => `${kind} ${session}`));
  expect(facts.slice(4)).toEqual(['opened a', 'opened b', 'opened c', 'closed c']);
});

test('the end waits for what is left, and no longer than three seconds', async () => {
  const { batches, state, reporter, elapse } = setUp();
  reporter.note(closed('a'));
  const first = reporter.close();
  await elapse(100);
  await first;
  expect(batches).toHaveLength(1);
  state.away = true;
  reporter.note(closed('b'));
  const second = reporter.close();
  for (let count = 0; count < 8; count += 1) await elapse(500);
  await second;
  expect(state.dropped).toBe(1);
});

test.each([
  '',
  '{}',
  '{"id":"a","node":"../../x","facts":[]}',
  '{"id":"a","node":"abcdefgh","facts":[{}]}',
  `{"id":"a","node":"abcdefgh","facts":[{"kind":"closed","session":"s","timeMs":1,"reason":"${'x'.repeat(65)}"}]}`,
])('what is no batch is not taken for one: %s', (text) => expect(parseFactBatch(text)).toBeUndefined());
