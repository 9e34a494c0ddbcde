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
  const reporter = { note: (fact: Fact): void => void facts.push(fact), idle: async () => {} };
  const registry = { list: () => open };
  const webhooks = createWebhookFacts({ plan: PLAN, reporter, cluster: edge, registry, feed: { epoch: 'e' }, clock });
  await Promise.all([edge.open(), asker.open()]);
  const event = { tenant: 'acme', topic: 'user.a%2En', seq: 7, timeMs: 0, exclude: '' };
  const isReached = async (change: object = {}): Promise<boolean> => {
    const [answer] = (await asker.askAll(REACH, { events: [{ ...event, ...change }] })) as { reached: number[] }[];
    return answer?.reached.length === 1;
  };
  const session = (change: Partial<Shape> = {}): Session => ({ ...ANN, ...change }) as Session;
  return { clock, edge, asker, facts, open, webhooks, isReached, session };
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
    webhooks.changed(session({ tenant, topics: [] }));
    webhooks.closed(session({ tenant }));
  }
  expect(facts.map(({ kind, session: id }) => `${kind} ${id}`)).toEqual(['opened s1', 'changed s1', 'closed s1']);
  expect(facts[2]).toMatchObject({ reason: 'gone' });
  expect(await asker.ask(edge.id, WEBHOOK_EDGE, {})).toBe(true);
});

test('an edge that was cut off says of all its streams that they are open, however many', async () => {
  const { session } = await setUp();
  const most = 10_000;
  const list = Array.from({ length: 3 * most }, (_, place) => session({ id: `s${place}` }));
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
    feed: { epoch: 'e' },
    clock: systemClock,
  });
  await back[0]?.();
  await expect.poll(() => told.size, { interval: 10, timeout: 3_000 }).toBe(list.length);
  expect(dropped).toBe(0);
});
