import type { Cluster } from '@tidings/broker';
import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import { createLogger, systemClock } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import {
  createFactReporter,
  type Fact,
  type FactBatch,
  parseWebhooksFile,
  REACH,
  WEBHOOK_EDGE,
} from '@tidings/webhooks';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Session } from '../src/session.ts';
import { createWebhookFacts } from '../src/webhook-facts.ts';

const PLAN = parseWebhooksFile(
  JSON.stringify({
    unreachedAfterSec: 30,
    endpoints: [
      { name: 'a', url: 'https://a.example', secret: { env: 'A' }, events: ['session.*'], tenants: ['acme'] },
    ],
  }),
);

interface Shape {
  id: string;
  tenant: string;
  user: string | undefined;
  topics: readonly string[];
  beganSeq: number;
  cursorSeq: number;
}
const ANN: Shape = { id: 's1', tenant: 'acme', user: 'a.n', topics: ['user.a%2En'], beganSeq: 4, cursorSeq: 9 };

async function setUp() {
  const clock = createFakeClock();
  const bus = createMemoryBus();
  const [edge, asker] = [createMemoryCluster({ bus, clock }), createMemoryCluster({ bus, clock })];
  onTestFinished(async () => {
    await Promise.all([edge.close(), asker.close()]);
  });
  const facts: Fact[] = [];
  const open: Session[] = [];
  const note = (fact: Fact): void => void facts.push(fact);
  const reporter = { note, again: note, onCaughtUp() {}, idle: async () => {} };
  const registry = { list: () => open };
  const feed = { epoch: 'e', position: 9 };
  const webhooks = createWebhookFacts({ plan: PLAN, reporter, cluster: edge, registry, feed, clock });
  await Promise.all([edge.open(), asker.open()]);
  const event = { tenant: 'acme', topic: 'user.a%2En', seq: 7, timeMs: 0, exclude: '' };
  const isReached = async (change: object = {}): Promise<boolean> => {
    const [answer] = (await asker.askAll(REACH, { events: [{ ...event, ...change }] })) as { reached: number[] }[];
    return answer?.reached.length === 1;
  };
  const session = (change: Partial<Shape> = {}): Session => ({ ...ANN, ...change }) as Session;
  return { clock, edge, asker, facts, feed, open, webhooks, isReached, session };
}

test('a stream reached its user with what lies between its begin and its cursor, on its topics, and no other', async () => {
  const nobody = await setUp();
  expect(await nobody.isReached()).toBe(false);
  const { webhooks, isReached, session } = await setUp();
  webhooks.opened(session());
  expect(await isReached()).toBe(true);
  expect(await isReached({ seq: 4 })).toBe(false);
  expect(await isReached({ seq: 10 })).toBe(false);
  expect(await isReached({ exclude: 's1' })).toBe(false);
  expect(await isReached({ tenant: 'other' })).toBe(false);
  expect(await isReached({ topic: 'user.a%2En.x' })).toBe(false);
  for (const change of [{ user: 'bob', topics: ['user.*'] }, { topics: ['orders'] }, { user: 'a n' }]) {
    const other = await setUp();
    other.webhooks.opened(other.session(change));
    expect(await other.isReached()).toBe(false);
  }
});

test('an open stream counts with what it has taken by now, and one that is forgotten leaves the others', async () => {
  const { clock, webhooks, isReached, session } = await setUp();
  const open = session({ cursorSeq: 6 }) as Session & { cursorSeq: number; topics: readonly string[] };
  webhooks.opened(open);
  expect(await isReached()).toBe(false);
  open.cursorSeq = 7;
  expect(await isReached()).toBe(true);
  webhooks.closed(session({ id: 's2' }));
  clock.advance(91_000);
  expect(await isReached()).toBe(true);
  webhooks.closed(open);
  clock.advance(91_000);
  expect(await isReached()).toBe(false);
});

test('a topic that was added counts for what was published after that, and for all of it with a replay', async () => {
  const { feed, webhooks, isReached, session } = await setUp();
  const open = session({ topics: ['orders'], cursorSeq: 20 }) as Session & { topics: readonly string[] };
  const change = (...topics: string[]): void => {
    const before = open.topics;
    open.topics = topics;
    webhooks.changed(open, before);
  };
  webhooks.opened(open);
  change('orders', 'user.a%2En');
  expect([await isReached(), await isReached({ seq: 9 }), await isReached({ seq: 10 })]).toEqual([false, false, true]);
  change('orders');
  webhooks.replaying(open, ['user.*']);
  change('orders', 'user.*');
  expect(await isReached()).toBe(true);
  change('orders');
  change('user.*');
  webhooks.closed(open);
  expect([await isReached(), await isReached({ seq: 10 })]).toEqual([false, true]);
  // Of a log that was created anew all places are other ones.
  feed.epoch = 'f';
  expect(await isReached()).toBe(true);
});

test('what is asked of an edge costs no more the more streams it has', async () => {
  const { webhooks, isReached, session } = await setUp();
  let looks = 0;
  for (let place = 0; place < 100; place += 1) {
    const user = `u${place}`;
    const look = (): string => {
      looks += 1;
      return user;
    };
    webhooks.opened(Object.defineProperty(session({ id: `s${place}` }), 'user', { get: look }));
  }
  looks = 0;
  expect(await isReached({ topic: 'user.u7' })).toBe(false);
  expect(looks).toBe(0);
});

test('a stream that has ended is remembered for as long as somebody may ask', async () => {
  const { clock, webhooks, isReached, session } = await setUp();
  webhooks.closed(session());
  clock.advance(89_000);
  expect(await isReached()).toBe(true);
  clock.advance(2_000);
  expect(await isReached()).toBe(false);
});

test('what becomes of sessions is reported of tenants that somebody is told of, and the edge says that it is there', async () => {
  const { asker, edge, facts, webhooks, session } = await setUp();
  for (const tenant of ['acme', 'other']) {
    webhooks.opened(session({ tenant }));
    webhooks.changed(session({ tenant, topics: [] }), []);
    webhooks.closed(session({ tenant }));
  }
  expect(facts.map(({ kind, session: id }) => `${kind} ${id}`)).toEqual(['opened s1', 'changed s1', 'closed s1']);
  expect(facts[2]).toMatchObject({ reason: 'gone' });
  expect(await asker.ask(edge.id, WEBHOOK_EDGE, {})).toBe(true);
});

test('an edge that was cut off says of all its streams that they are open, however many', async () => {
  const { session } = await setUp();
  const most = 10_000;
  const list = Array.from({ length: 1.5 * most }, (_, place) => session({ id: `s${place}` }));
  const told = new Set<string>();
  let dropped = 0;
  const reporter = createFactReporter({
    queue: {
      async put(_lane, _id, body) {
        for (const { session: id } of (JSON.parse(body) as FactBatch).facts) told.add(id);
      },
    },
    node: 'abcdefgh',
    clock: systemClock,
    log: createLogger('test', 'silent'),
    onDropped: (count) => {
      dropped += count;
    },
    most,
  });
  const back: (() => Promise<void>)[] = [];
  const cluster = { answer() {}, onReturn: (run: () => Promise<void>) => void back.push(run) } as unknown as Cluster;
  createWebhookFacts({
    plan: PLAN,
    reporter,
    cluster,
    registry: { list: () => list },
    feed: { epoch: 'e', position: 9 },
    clock: systemClock,
  });
  await back[0]?.();
  await expect.poll(() => told.size, { interval: 10, timeout: 15_000 }).toBe(list.length);
  expect(dropped).toBe(0);
});

interface Act {
  act: 'open' | 'change' | 'close' | 'away' | 'back';
  id: string;
  topics: string[];
}

const act: fc.Arbitrary<Act> = fc.record({
  act: fc.constantFrom('open', 'open', 'open', 'change', 'change', 'change', 'close', 'close', 'away', 'back'),
  id: fc.nat(3).map((number) => `s${number}`),
  topics: fc.subarray(['a', 'b']),
});

test('once the queue is back the sessions that are known are those that are open, on their topics, whatever had no room', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 40, maxLength: 80 }), async (acts) => {
      const clock = createFakeClock();
      const known = new Map<string, readonly string[]>();
      const open = new Map<string, Session>();
      let isAway = false;
      const queue = {
        async put(_lane: string, _id: string, body: string) {
          if (isAway) throw new Error('away');
          for (const fact of (JSON.parse(body) as FactBatch).facts) {
            if (fact.kind === 'closed') known.delete(fact.session);
            else if (known.has(fact.session) === (fact.kind === 'changed')) known.set(fact.session, fact.topics);
          }
        },
      };
      const log = createLogger('test', 'silent');
      // Room for the two facts of each of four sessions, and for little else.
      const reporter = createFactReporter({ queue, node: 'abcdefgh', clock, log, onDropped() {}, most: 9 });
      const webhooks = createWebhookFacts({
        plan: PLAN,
        reporter,
        cluster: { answer() {}, onReturn() {} } as unknown as Cluster,
        registry: { list: () => [...open.values()] },
        feed: { epoch: 'e', position: 9 },
        clock,
      });
      const elapse = async (): Promise<void> => {
        clock.advance(500);
        for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
      };
      for (const { act: what, id, topics } of acts) {
        const session = open.get(id) as (Session & { closed: boolean; topics: readonly string[] }) | undefined;
        if (what === 'away' || what === 'back') {
          isAway = what === 'away';
          await elapse();
        } else if (what === 'open' && session === undefined) {
          open.set(id, { ...ANN, id, topics } as unknown as Session);
          webhooks.opened(open.get(id) as Session);
        } else if (what === 'change' && session !== undefined) {
          session.topics = topics;
          webhooks.changed(session, []);
        } else if (what === 'close' && session !== undefined) {
          open.delete(id);
          session.closed = true;
          webhooks.closed(session);
        }
      }
      isAway = false;
      for (let count = 0; count < 6; count += 1) await elapse();
      expect(known).toEqual(new Map([...open].map(([id, { topics }]) => [id, topics])));
    }),
    { numRuns: 200 },
  );
});
