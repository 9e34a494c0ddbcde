import { setTimeout as pause } from 'node:timers/promises';
import { createNatsBroker, type NatsBrokerOptions, type NatsRole } from '@tidings/broker/nats';
import { type NatsCluster, type NatsServer, startNatsCluster, startNatsServer } from '@tidings/broker/testing';
import { type Clock, createLogger, createMetrics, systemClock } from '@tidings/runtime';
import { connect } from 'nats';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRecordingSink, eventOf, openFeedOfAll, type RecordingSink, textOf } from '../../src/contract/fixture.ts';
import type { Broker } from '../../src/port.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };

async function open(urls: readonly string[], role: NatsRole, change: Partial<NatsBrokerOptions> = {}): Promise<Broker> {
  const log = createLogger('test', 'silent');
  const common = { maxBytes: 64_000_000, maxAgeMs: 3_600_000, log, metrics: createMetrics() };
  const broker = createNatsBroker({ servers: urls, role, ...common, ...change });
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

async function follow(
  urls: readonly string[],
  change: Partial<NatsBrokerOptions> = {},
): Promise<{ hub: Broker; sink: RecordingSink }> {
  const hub = await open(urls, 'hub', change);
  const sink = createRecordingSink();
  await openFeedOfAll(hub, sink);
  return { hub, sink };
}

async function single(): Promise<NatsServer> {
  const server = await startNatsServer();
  onTestFinished(() => server.remove());
  return server;
}

async function cluster(): Promise<NatsCluster> {
  const site = await startNatsCluster();
  onTestFinished(() => site.remove());
  return site;
}

/** Schedules so many, each on a topic of its own; answers their ids in order. */
async function putAll(broker: Broker, count: number, dueMs: (n: number) => number): Promise<string[]> {
  const receipts = await Promise.all(
    Array.from({ length: count }, (_, n) => broker.schedules.put(eventOf(`t.${n}`, `${n}`), dueMs(n))),
  );
  return receipts.map(({ id }) => id);
}

/** Each of these, once: what came after all of them would come within a second. */
async function expectOnce(sink: RecordingSink, numbers: readonly number[]): Promise<void> {
  const wanted = numbers.map(String).sort();
  await expect.poll(() => sink.messages.length, PATIENCE).toBeGreaterThanOrEqual(wanted.length);
  await pause(1_500);
  expect(sink.messages.map(textOf).sort()).toEqual(wanted);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('scheduled events are published once', () => {
  test('when they fall due while the server is dead, and all who publish them', { timeout: 60_000 }, async () => {
    const server = await single();
    const first = await open([server.url], 'ingest');
    const startMs = Date.now();
    await putAll(first, 200, (n) => startMs + 1_000 + n * 10);
    // Some were published already, some are under way, most are still to come.
    await pause(1_500);
    await server.kill();
    await first.close();
    await pause(2_000);
    await server.restart();
    const { hub, sink } = await follow([server.url]);
    await open([server.url], 'ingest');
    await expect.poll(async () => (await hub.schedules.list('default', 0, 1)).schedules.length, PATIENCE).toBe(0);
    await pause(1_500);
    const pages = hub.history(
      { tenant: 'default', patterns: ['>'] },
      { after: 0, upTo: hub.position() },
      AbortSignal.timeout(9_000),
    );
    const texts: string[] = [];
    for await (const { messages } of pages) texts.push(...messages.map(textOf));
    expect(texts.sort()).toEqual(upTo(200).map(String).sort());
    expect(new Set(sink.messages.map(textOf)).size).toBe(sink.messages.length);
  });

  test('when nobody who published them lives to remove them, long after the server has forgotten message ids', {
    timeout: 60_000,
  }, async () => {
    const config = `authorization { users = [
      { user: whole, password: whole }
      { user: mortal, password: mortal, permissions: { publish: { deny: "$JS.API.STREAM.PURGE.SCHEDULES" } } }
    ] }`;
    const server = await startNatsServer({ config });
    onTestFinished(() => server.remove());
    const as = (user: string) => ({ user, password: user, idempotencyWindowMs: 1_000 });
    const first = await open([server.url], 'ingest', as('mortal'));
    const edge = await open([server.url], 'edge', as('whole'));
    const sink = createRecordingSink();
    await openFeedOfAll(edge, sink);
    await putAll(first, 20, () => Date.now() + 500);
    await expectOnce(sink, upTo(20));
    await first.close();
    await pause(3_000);
    const second = await open([server.url], 'ingest', as('mortal'));
    await expectOnce(sink, upTo(20));
    expect((await second.schedules.list('default', 0, 100)).schedules).toHaveLength(20);
    await open([server.url], 'ingest', as('whole'));
    await expect.poll(async () => (await second.schedules.list('default', 0, 100)).schedules.length, PATIENCE).toBe(0);
    await expectOnce(sink, upTo(20));
  });

  test('when leaders change while hundreds fall due, by two who publish them at once; or cancelled, and then never', {
    timeout: 120_000,
  }, async () => {
    const site = await cluster();
    const { hub, sink } = await follow(site.urls);
    await open(site.urls, 'ingest');
    // A server may not know the streams yet that another has just made.
    await site.ready();
    const operator = await connect({ servers: [...site.urls] });
    onTestFinished(() => operator.close());
    const startMs = Date.now() + 4_000;
    const ids = await putAll(hub, 400, (n) => startMs + n * 10);
    await pause(startMs - Date.now() - 100);
    const cancelled: number[] = [];
    const unknown: number[] = [];
    const [, ...depositions] = await Promise.all([
      (async () => {
        for (let n = 0; n < 400; n += 8) {
          await pause(Math.max(0, startMs + n * 10 - Date.now()));
          const was = await hub.schedules.cancel('default', ids[n] as string).catch(() => undefined);
          if (was) cancelled.push(n);
          if (was === undefined) unknown.push(n);
        }
      })(),
      ...['EVT_0', 'SCHEDULES'].map(async (stream) => {
        for (let round = 0; round < 8; round += 1) {
          await operator.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, '', { timeout: 2_000 }).catch(() => {});
          await pause(500);
        }
      }),
    ]);
    expect(depositions).toHaveLength(2);
    await site.ready();
    await expect.poll(async () => (await hub.schedules.list('default', 0, 1)).schedules.length, PATIENCE).toBe(0);
    await expect.poll(() => hub.position()).toBe((await hub.bounds()).last);
    const came = sink.messages.map((message) => Number(textOf(message)));
    expect(new Set(came).size).toBe(came.length);
    // Where an answer was lost either may be; nobody was told.
    const missing = upTo(400).filter((n) => !came.includes(n));
    expect(missing.filter((n) => !cancelled.includes(n) && !unknown.includes(n))).toEqual([]);
    expect(cancelled.filter((n) => came.includes(n))).toEqual([]);
  });

  test('when a server of the cluster is killed while hundreds fall due', { timeout: 120_000 }, async () => {
    const site = await cluster();
    const { hub, sink } = await follow(site.urls);
    await open(site.urls, 'ingest');
    // A server may not know the streams yet that another has just made.
    await site.ready();
    const startMs = Date.now() + 3_000;
    await putAll(hub, 300, (n) => startMs + n * 10);
    await pause(startMs - Date.now() + 300);
    const leader = await site.streamLeader('SCHEDULES');
    await leader?.kill();
    await pause(2_000);
    await leader?.restart();
    await site.ready();
    await expectOnce(sink, upTo(300));
  });

  test('at the time of the servers, whatever the clocks of those say who publish them', {
    timeout: 60_000,
  }, async () => {
    const server = await single();
    let offsetMs = 0;
    const clock: Clock = { ...systemClock, now: () => Date.now() + offsetMs };
    const { hub, sink } = await follow([server.url], { clock });
    await putAll(hub, 20, () => Date.now() + 1_500);
    offsetMs = 86_400_000;
    await pause(700);
    expect(sink.messages).toEqual([]);
    offsetMs = -86_400_000;
    await expectOnce(sink, upTo(20));
  });
});
