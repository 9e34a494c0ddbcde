import { type Fact, parseWebhooksFile } from '@tidings/webhooks';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldFacts, presenceKeysOf, sessionKeysOf } from '../src/fold.ts';
import type { HookEvent } from '../src/hook-event.ts';

const PLAN = parseWebhooksFile(
  JSON.stringify({
    endpoints: [{ name: 'a', url: 'https://a.example', secret: { env: 'A' }, events: ['*'], topics: ['room.*'] }],
  }),
);
const session = fc.constantFrom('s1', 's2', 's3');
const topics = fc.uniqueArray(fc.constantFrom('room.1', 'room.2', 'room.*', 'orders'), { maxLength: 3 });
const user = fc.constantFrom('ann', 'bob', undefined);
const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({
    kind: fc.constant('opened' as const),
    session,
    topics,
    user,
    tenant: fc.constant('t'),
    timeMs: fc.constant(1),
  }),
  fc.record({ kind: fc.constant('changed' as const), session, topics, timeMs: fc.constant(2) }),
  fc.record({
    kind: fc.constant('closed' as const),
    session,
    reason: fc.constant('gone' as const),
    timeMs: fc.constant(3),
  }),
);

/** Works out batches as the dispatcher does, each as often as `times` says. */
function run(batches: readonly (readonly Fact[])[], times = 1): { events: HookEvent[]; ledger: Map<string, string> } {
  const ledger = new Map<string, string>();
  const events: HookEvent[] = [];
  for (const [place, facts] of batches.entries()) {
    const batch = { id: `${place}`, node: 'abcdefgh', facts };
    for (let time = 0; time < times; time += 1) {
      const records = new Map(sessionKeysOf(batch).map((key) => [key, ledger.get(key)]));
      for (const key of presenceKeysOf(batch, records, PLAN)) records.set(key, ledger.get(key));
      const folded = foldFacts(batch, records, PLAN);
      events.push(...folded.events);
      for (const [key, value] of folded.steps.flat()) value === undefined ? ledger.delete(key) : ledger.set(key, value);
    }
  }
  return { events, ledger };
}

test('of each session, and of each user on a topic, what is told alternates, and the ledger is left as it is told', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fact, { maxLength: 6 }), { maxLength: 8 }), (batches) => {
      const { events, ledger } = run(batches);
      const open = new Set<string>();
      for (const { type, data } of events) {
        const [kind, act] = type.split('.') as [string, string];
        const about = kind === 'session' ? `${data.session}` : `${data.user} on ${data.topic}`;
        const begins = act === 'opened' || act === 'entered';
        expect(open.has(`${kind} ${about}`), `${type} ${about}`).toBe(!begins);
        if (begins) open.add(`${kind} ${about}`);
        else open.delete(`${kind} ${about}`);
      }
      const kept = (prefix: string): number => [...ledger.keys()].filter((key) => key.startsWith(prefix)).length;
      expect(kept('s.')).toBe([...open].filter((about) => about.startsWith('session')).length);
      expect(kept('p.')).toBe([...open].filter((about) => about.startsWith('presence')).length);
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    }),
    { numRuns: 500 },
  );
});

test('a batch of one fact that is worked out twice tells what it told, and nothing more', () => {
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 12 }), (facts) => {
      const batches = facts.map((one) => [one]);
      expect(run(batches, 2)).toEqual(run(batches));
    }),
    { numRuns: 100 },
  );
});
