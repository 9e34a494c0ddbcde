import { type Fact, parseWebhooksFile } from '@tidings/webhooks';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldFacts, presenceKeysOf, sessionKeysOf } from '../src/fold.ts';

const PLAN = parseWebhooksFile(
  JSON.stringify({
    endpoints: [{ name: 'a', url: 'https://a.example', secret: { env: 'A' }, events: ['*'], topics: ['room.*'] }],
  }),
);
const session = fc.constantFrom('s1', 's2', 's3');
const topics = fc.uniqueArray(fc.constantFrom('room.1', 'room.2', 'orders'), { maxLength: 2 });
const user = fc.constantFrom('ann', 'bob');
const tenant = fc.constant('t');
const timeMs = fc.constant(1);
const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({ kind: fc.constant('opened' as const), session, topics, user, tenant, timeMs }),
  fc.record({ kind: fc.constant('changed' as const), session, topics, timeMs }),
  fc.record({ kind: fc.constant('closed' as const), session, reason: fc.constant('gone' as const), timeMs }),
);
// An edge opens a session before it says more of it.
const isInOrder = ({ kind, session }: Fact, at: number, all: readonly Fact[]): boolean =>
  kind !== 'opened' || all.findIndex((each) => each.session === session) === at;
/** A batch, and whether the one that works it out ends before each of its writes. */
const facts = fc.array(fact, { maxLength: 5 }).map((all) => all.filter(isInOrder));
const worked = fc.record({ facts, cut: fc.array(fc.boolean(), { maxLength: 6 }) });
type Worked = typeof worked extends fc.Arbitrary<infer Value> ? Value : never;

function run(all: readonly Worked[], withCuts: boolean): { ids: Set<string>; ledger: Map<string, string> } {
  const ledger = new Map<string, string>();
  const ids = new Set<string>();
  for (const [place, { facts, cut }] of all.entries()) {
    const batch = { id: `${place}`, node: 'abcdefgh', facts };
    // Of the writes of a step any may be through; those of the next are not begun.
    for (const isWritten of withCuts ? [(at: number) => cut[at] ?? true, () => true] : [() => true]) {
      const records = new Map(sessionKeysOf(batch).map((key) => [key, ledger.get(key)]));
      for (const key of presenceKeysOf(batch, records, PLAN)) records.set(key, ledger.get(key));
      const { events, steps } = foldFacts(batch, records, PLAN);
      for (const { id } of events) ids.add(id);
      let at = 0;
      for (const step of steps) {
        let isWhole = true;
        for (const [key, value] of step) {
          const isThrough = isWritten(at++);
          isWhole &&= isThrough;
          if (isThrough) value === undefined ? ledger.delete(key) : ledger.set(key, value);
        }
        if (!isWhole) break;
      }
    }
  }
  return { ids, ledger };
}

// Who is present stands in no order.
const toSets = (ledger: ReadonlyMap<string, string>): object =>
  Object.fromEntries(
    [...ledger].map(([key, value]) => [key, key.startsWith('p.') ? new Set(JSON.parse(value)) : value]),
  );

test('whoever ends between two writes leaves the same ledger to the next, and nothing that was to be told is missing', () => {
  fc.assert(
    fc.property(fc.array(worked, { maxLength: 6 }), (all) => {
      const [whole, cut] = [run(all, false), run(all, true)];
      expect(toSets(cut.ledger)).toEqual(toSets(whole.ledger));
      expect([...whole.ids].filter((id) => !cut.ids.has(id))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
