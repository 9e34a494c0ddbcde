import { createMemoryCluster, createMemoryWork } from '@tidings/broker/memory';
import { createLogger, createMetrics } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDeadLetters } from '../src/dead-letters.ts';
import { type DeliveryParts, deliver } from '../src/delivery.ts';
import type { HookEvent } from '../src/hook-event.ts';
import { nextAttempt, parseRetryAfter } from '../src/retry-schedule.ts';
import { readSecrets } from '../src/secrets.ts';
import { createSender, type Outcome } from '../src/sender.ts';
import { HOOK_SECRET, startReceiver } from './receiver.ts';

const EVENT: HookEvent = { id: 'msg_1', type: 'session.opened', tenant: 'acme', timeMs: 0, data: { session: 's' } };
const clock = createFakeClock(Date.now());

function createTestSender(url: string, change: object = {}): ReturnType<typeof createSender> {
  const sender = createSender({ url, secrets: [HOOK_SECRET], allowPrivate: true, clock, ...change });
  onTestFinished(() => sender.close());
  return sender;
}

describe('a request', () => {
  test('is signed by every secret, and a redirect is an answer like any other', async () => {
    const receiver = await startReceiver();
    const old = `whsec_${Buffer.alloc(24, 'old').toString('base64')}`;
    const sender = createTestSender(receiver.url, { secrets: [old, HOOK_SECRET] });
    expect(await sender.send('msg_1', '{}')).toMatchObject({ result: 'delivered', status: 204 });
    expect(receiver.heads[0]?.['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    receiver.answer(302, { location: '/elsewhere' });
    expect(await sender.send('msg_1', '{}')).toMatchObject({ result: 'rejected', status: 302 });
    receiver.answer(410);
    expect((await sender.send('msg_1', '{}')).result).toBe('gone');
    receiver.answer(503, { 'retry-after': '120' });
    expect((await sender.send('msg_1', '{}')).retryAfterMs).toBe(120_000);
    expect(receiver.heads).toHaveLength(4);
  });

  test('is not made to an address that is not public, by number or by name', async () => {
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const sender = createTestSender(`http://${host}:${port}/`, { allowPrivate: false });
      expect(await sender.send('msg_1', '{}'), host).toMatchObject({ result: 'refused', status: 0 });
    }
    expect(receiver.heads).toEqual([]);
  });

  test('fails when nobody listens, or nobody answers', async () => {
    const sender = createTestSender('http://127.0.0.1:1/?key=hidden');
    expect(await sender.send('msg_1', '{}')).toMatchObject({ result: 'failed', reason: 'no answer (ECONNREFUSED)' });
    const receiver = await startReceiver();
    const release = receiver.hold();
    const late = await createTestSender(receiver.url, { timeoutMs: 100 }).send('msg_1', '{}');
    expect(late).toMatchObject({ result: 'failed', reason: 'no answer (TimeoutError)' });
    release();
  });
});

test('the schedule grows from five seconds to a quarter of an hour, and holds a day', () => {
  const delays = Array.from({ length: 109 }, (_, at) => nextAttempt(at + 1, 0, 0, 0.5)).map((verdict) =>
    verdict === 'give-up' ? Number.NaN : verdict.retryMs,
  );
  expect(delays.slice(0, 9)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900].map((sec) => sec * 1_000));
  const totalHours = delays.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
  expect(totalHours).toBeGreaterThan(24);
  expect(nextAttempt(1, 0, 0, 0)).toEqual({ retryMs: 4_000 });
  expect(nextAttempt(1, 0, 7_200_000, 0)).toEqual({ retryMs: 3_600_000 });
  expect(nextAttempt(110, 0)).toBe('give-up');
  // A wall clock that jumps by a day does not make the first failure the last.
  expect(nextAttempt(1, 90_000_000)).not.toBe('give-up');
  expect(nextAttempt(3, 90_000_000)).toBe('give-up');
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 1_000)).toBe(59_000);
  expect(parseRetryAfter('soon', 0)).toBe(0);
});

describe('what waits for an endpoint', () => {
  function setUp() {
    const time = createFakeClock();
    const store = createMemoryWork({ clock: time });
    const outcome: { now: Outcome['result'] } = { now: 'failed' };
    const sent: string[] = [];
    const dead = createDeadLetters(store, time);
    const sender = {
      async send(id: string): Promise<Outcome> {
        sent.push(id);
        return { result: outcome.now, status: 0, reason: 'as told', retryAfterMs: 0 };
      },
    };
    const log = createLogger('test', 'silent');
    const parts: DeliveryParts = {
      endpoint: 'crm',
      sender,
      queue: store.queue,
      dead,
      clock: time,
      log,
      metrics: createMetrics(),
    };
    // As fast as time can be moved on.
    const work = async (untilMs: number): Promise<void> => {
      while (time.elapsed() < untilMs && (await store.queue.waiting('job:crm')) > 0) {
        const done = deliver(parts);
        time.advance(1_000);
        await done;
      }
    };
    return { time, store, outcome, sent, dead, work };
  }

  test('is tried under one id while the endpoint is down for an hour, and delivered within 18 minutes of its return', async () => {
    const { time, store, outcome, sent, work } = setUp();
    await store.queue.open();
    await store.queue.put('job:crm', 'msg_1', JSON.stringify(EVENT));
    await work(3_600_000);
    expect(sent.length).toBeGreaterThan(8);
    expect(new Set(sent)).toEqual(new Set(['msg_1']));
    outcome.now = 'delivered';
    await work(3_600_000 + 1_080_000);
    expect(await store.queue.waiting('job:crm')).toBe(0);
    expect(time.elapsed()).toBeLessThan(4_700_000);
  });

  test('is given up after a day, and then replayed once, under the id that it had', async () => {
    const { store, outcome, sent, dead, work } = setUp();
    await store.queue.open();
    await store.queue.put('job:crm', 'msg_1', JSON.stringify(EVENT));
    await work(30 * 3_600_000);
    expect(await dead.list('crm', 'acme', 9)).toMatchObject([{ event: EVENT, reason: 'as told' }]);
    expect(await dead.list('crm', 'other', 9)).toEqual([]);
    outcome.now = 'delivered';
    sent.length = 0;
    expect(await dead.replay('crm', 'acme', 'msg_other')).toBe(0);
    expect(await dead.replay('crm', 'acme', undefined)).toBe(1);
    expect(await dead.replay('crm', 'acme', undefined)).toBe(0);
    await work(Number.POSITIVE_INFINITY);
    expect(sent).toEqual(['msg_1']);
  });

  test('is replayed by its id however many others there are, and what is given up again meanwhile stays', async () => {
    const { store, dead } = setUp();
    await store.queue.open();
    const gone: Outcome = { result: 'gone', status: 410, reason: '410', retryAfterMs: 0 };
    for (let place = 1; place <= 1_001; place += 1) await dead.bury('crm', { ...EVENT, id: `msg_${place}` }, 1, gone);
    expect(await dead.replay('crm', 'acme', 'msg_1001')).toBe(1);
    expect(await dead.replay('crm', 'acme', 'msg_1001')).toBe(0);
    expect(await dead.replay('crm', 'acme', '>')).toBe(0);
    // The endpoint is quicker than the removal.
    const quick = {
      ...store.queue,
      async put() {
        await dead.bury('crm', { ...EVENT, id: 'msg_7' }, 1, { ...gone, reason: 'again' });
      },
    };
    expect(await createDeadLetters({ ...store, queue: quick }, clock).replay('crm', 'acme', 'msg_7')).toBe(1);
    expect(
      await store.dead.get(`${(await store.dead.list('crm', 1))[0]?.key.replace(/[^.]*$/, 'msg_7')}`),
    ).toMatchObject({
      value: expect.stringContaining('again'),
    });
  });
});

test('a secret that is missing or none is named, and never quoted', () => {
  const endpoint = { name: 'crm', secrets: [{ env: 'A' }, { file: '/nowhere' }, { env: 'B' }] };
  const run = (): unknown => readSecrets([endpoint as never], { A: 'whsec_short', B: HOOK_SECRET });
  expect(run).toThrow(
    /secret 1 of crm, the variable A, is not whsec_.*\n.*secret 2 of crm, the file \/nowhere, is not there/,
  );
  expect(run).not.toThrow('whsec_short');
});

test('an edge that is missed for 20 seconds has its sessions closed, once, also by a dispatcher that was down meanwhile', async () => {
  const { createLedgerKeeper } = await import('../src/ledger-keeper.ts');
  const { parseWebhooksFile } = await import('@tidings/webhooks');
  const time = createFakeClock();
  const store = createMemoryWork({ clock: time });
  await store.queue.open();
  const cluster = createMemoryCluster({ clock: time });
  await cluster.open();
  onTestFinished(() => cluster.close());
  const plan = parseWebhooksFile(
    JSON.stringify({
      endpoints: [{ name: 'a', url: 'https://a.example', secret: { env: 'A' }, events: ['session.*'] }],
    }),
  );
  const told: HookEvent[] = [];
  const tell = async (event: HookEvent): Promise<void> => void told.push(event);
  const log = createLogger('test', 'silent');
  const create = () => createLedgerKeeper({ store, cluster, plan, clock: time, log, tell, onDropped() {} });
  const facts = ['s1', 's2'].map((session) => ({ kind: 'opened', session, timeMs: 1, tenant: 'acme', topics: [] }));
  await store.queue.put('fact', '1', JSON.stringify({ id: '1', node: 'deadedge', facts }));
  await create().work();
  const [one, two] = [create(), create()];
  for (let sec = 0; sec < 19; sec += 5) {
    await Promise.all([one.sweep(), two.sweep()]);
    time.advance(5_000);
  }
  expect(await store.queue.waiting('fact')).toBe(0);
  await Promise.all([one.sweep(), two.sweep()]);
  expect(await store.queue.waiting('fact')).toBe(1);
  await two.work();
  expect(told.map(({ type, data }) => `${type} ${data.session} ${data.reason}`)).toEqual([
    'session.opened s1 undefined',
    'session.opened s2 undefined',
    'session.closed s1 edge-lost',
    'session.closed s2 edge-lost',
  ]);
  await one.sweep();
  expect(await store.ledger.list('n', 9)).toEqual([]);
});
