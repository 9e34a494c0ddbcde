import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Task, WorkStore } from '@tidings/broker';
import { createMemoryCluster } from '@tidings/broker/memory';
import { createNatsWork } from '@tidings/broker/nats';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { type Clock, createLogger, createMetrics, type Metrics, systemClock } from '@tidings/runtime';
import { createFactReporter, type Fact, parseWebhooksFile, WEBHOOK_EDGE } from '@tidings/webhooks';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createDispatcher, type Dispatcher } from '../../services/dispatcher/src/dispatcher.ts';
import { HOOK_SECRET, type Receiver, startReceiver } from '../../services/dispatcher/test/receiver.ts';

// Time of the dispatchers runs so much faster: an hour in half a minute, and the server keeps what is put off for as long.
const RATE = 120;
const HOUR_MS = 3_600_000 / RATE;
const SESSIONS = 600;
const LONG = { timeout: 30_000, interval: 50 };
const log = createLogger('test', 'silent');

let server: NatsServer;
let cluster: Cluster;
let receiver: Receiver;

beforeEach(async () => {
  server = await startNatsServer();
  receiver = await startReceiver();
  cluster = createMemoryCluster({ clock: systemClock });
  // The edge that reports is there all the time.
  cluster.answer(WEBHOOK_EDGE, () => true);
  await cluster.open();
});
afterEach(async () => {
  await cluster.close();
  await server.remove();
});

async function openWork(now = Date.now, role: 'edge' | 'webhooks' = 'webhooks'): Promise<WorkStore> {
  const access = { servers: [server.url], role, log, metrics: createMetrics() };
  const store = createNatsWork({ ...access, clock: { ...systemClock, now } });
  await store.queue.open();
  onTestFinished(() => store.queue.close());
  return store;
}

/** The queue of the server, as it is for those whose time runs faster. */
function hastened({ queue, ...shelves }: WorkStore): WorkStore {
  const hasten = (task: Task): Task => ({
    ...task,
    ageMs: task.ageMs * RATE,
    retry: (delayMs) => task.retry(delayMs / RATE),
  });
  return { ...shelves, queue: { ...queue, take: async (lane, most) => (await queue.take(lane, most)).map(hasten) } };
}

interface Worker {
  readonly dispatcher: Dispatcher;
  readonly store: WorkStore;
  readonly metrics: Metrics;
}

async function startWorker(now: () => number = Date.now): Promise<Worker> {
  const clock: Clock = {
    now,
    // For how long a batch is one's own is up to the server, whose time runs no faster.
    elapsed: systemClock.elapsed,
    after: (ms, run) => systemClock.after(ms / RATE, run),
    every: (ms, run) => systemClock.every(ms / RATE, run),
  };
  const endpoint = { name: 'crm', url: receiver.url, secret: { env: 'A' }, events: ['session.*'], allowPrivate: true };
  const plan = parseWebhooksFile(JSON.stringify({ endpoints: [endpoint] }));
  const store = hastened(await openWork(now));
  const metrics = createMetrics();
  const secrets = new Map([['crm', [HOOK_SECRET]]]);
  const dispatcher = createDispatcher({ plan, secrets, store, cluster, clock, log, metrics });
  dispatcher.start();
  onTestFinished(() => dispatcher.stop());
  return { dispatcher, store, metrics };
}

/** What the edge tells of its sessions, in batches as it makes them. */
async function report({ queue }: WorkStore, count: number, toFact: (session: string) => Fact): Promise<void> {
  for (let from = 0; from < count; from += 200) {
    const facts = Array.from({ length: Math.min(200, count - from) }, (_, at) => toFact(`s${from + at}`));
    const id = `${cluster.id}-${facts[0]?.kind}-${from}`;
    await queue.put('fact', id, JSON.stringify({ id, node: cluster.id, facts }));
  }
}

const opened = (session: string): Fact => ({ kind: 'opened', session, timeMs: Date.now(), tenant: 'acme', topics: [] });
const closed = (session: string): Fact => ({ kind: 'closed', session, timeMs: Date.now(), reason: 'gone' });

/** Under which ids each thing was told: one each, however often. */
function idsByEvent(): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { id, type, data } of receiver.hooks) {
    const event = `${type} ${data.session}`;
    ids.set(event, (ids.get(event) ?? new Set()).add(id));
  }
  return ids;
}

async function expectAllTold({ store, dispatcher }: Worker, count: number, withinMs: number): Promise<void> {
  await expect.poll(() => store.queue.waiting('job:crm'), { timeout: withinMs, interval: 100 }).toBe(0);
  const ids = idsByEvent();
  expect(ids.size).toBe(count);
  expect([...ids.values()].filter(({ size }) => size !== 1)).toEqual([]);
  expect(new Set([...ids.values()].flatMap((each) => [...each])).size).toBe(count);
  expect(await dispatcher.dead.list('crm', 'acme', 10)).toEqual([]);
}

test('an endpoint that is down for an hour is told all of it once it is back, under the ids that were tried before', {
  timeout: 180_000,
}, async () => {
  const workers = [await startWorker(), await startWorker()] as const;
  const [{ store }] = workers;
  const requests = async (result: string): Promise<number> => {
    const values = await Promise.all(workers.map(({ metrics }) => metrics.webhookRequests.get()));
    return values
      .flatMap(({ values: all }) => all)
      .filter(({ labels }) => labels.result === result)
      .reduce((sum, { value }) => sum + value, 0);
  };
  const comeBack = await receiver.leave();
  const startMs = performance.now();
  await report(store, SESSIONS, opened);
  // Half of the time nobody listens; then somebody does who can't be of use.
  await pause(HOUR_MS / 2);
  receiver.answer(503);
  await comeBack();
  // More wait now than are tried again at once.
  await report(store, SESSIONS, closed);
  await pause(startMs + HOUR_MS - performance.now());
  expect(receiver.hooks).toEqual([]);
  expect(await store.queue.waiting('job:crm')).toBe(2 * SESSIONS);
  expect(await requests('failed')).toBeGreaterThan(SESSIONS * 5);
  expect(await requests('rejected')).toBeGreaterThan(SESSIONS);
  await expect.poll(() => workers[0].metrics.text(), LONG).toContain('_tasks_waiting{endpoint="crm"} 1200\n');
  const tried = new Set(receiver.heads.map((head) => head['webhook-id']));
  receiver.answer(204);
  await expectAllTold(workers[0], 2 * SESSIONS, HOUR_MS / 2);
  const told = new Set(receiver.hooks.map(({ id }) => id));
  expect([...tried].filter((id) => !told.has(`${id}`))).toEqual([]);
});

test('a dispatcher whose clock jumps, by hours or a day, gives nothing up, and tells all of it once the clock is right', {
  timeout: 120_000,
}, async () => {
  let offsetMs = 3_600_000;
  const worker = await startWorker(() => Date.now() + offsetMs);
  await report(worker.store, 50, opened);
  // What is signed with a time that is far from the receiver's is refused.
  for (const hours of [1, -1, 25]) {
    offsetMs = hours * 3_600_000;
    const before = receiver.heads.length;
    await expect.poll(() => receiver.heads.length, LONG).toBeGreaterThan(before + 150);
  }
  expect(receiver.hooks).toEqual([]);
  offsetMs = 0;
  await expectAllTold(worker, 50, HOUR_MS / 2);
});

test('what an edge can not keep while the servers are away is counted and told later, and no end of a session is lost', {
  timeout: 60_000,
}, async () => {
  const worker = await startWorker();
  const { queue } = await openWork(Date.now, 'edge');
  const metrics = createMetrics();
  const onDropped = (count: number): void => metrics.webhookFactsDropped.inc(count);
  const reporter = createFactReporter({ queue, node: cluster.id, clock: systemClock, log, onDropped, most: 1_000 });
  const note = (from: number, upTo: number): void => {
    for (let n = from; n < upTo; n += 1) reporter.note(opened(`s${n}`));
  };
  // Those of them that are still there.
  reporter.onCaughtUp(() => reporter.again(opened('s2500')));
  note(0, 10);
  await expect.poll(() => receiver.hooks.length, LONG).toBe(10);
  await server.kill();
  note(10, 2_510);
  for (const session of ['s0', 's1', 's2509']) reporter.note(closed(session));
  await pause(3_000);
  await server.restart();
  await expect.poll(() => idsByEvent().size, LONG).toBe(1_013);
  expect(await metrics.text()).toContain('tidings_webhook_facts_dropped_total 1501');
  note(2_510, 2_520);
  await expect.poll(() => idsByEvent().size, LONG).toBe(1_023);
  await expectAllTold(worker, 1_023, LONG.timeout);
  await reporter.close();
});
