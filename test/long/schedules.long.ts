import { setTimeout as pause } from 'node:timers/promises';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { type GuardedSite, startGuardedSite } from '../deploy/guarded-site.ts';

const COUNT = 50;
const LONG = { timeout: 60_000, interval: 100 };
// What comes twice comes soon: everybody looks every 5 s.
const REPEATS_MS = 6_000;

let site: GuardedSite;
let ingest: Service;
let edge: Service;
let headers: Record<string, string>;

beforeEach(async () => {
  site = await startGuardedSite();
  [ingest, edge] = await Promise.all([site.start('ingest'), site.start('edge')]);
  const token = await site.mint({ sub: 'alice', tidings: { subscribe: ['late.*'], publish: ['late.*'] } });
  headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
}, 60_000);
afterEach(() => site?.remove(), 60_000);

async function follow({ url }: Service, cursor?: string): Promise<StreamClient> {
  const last = cursor === undefined ? {} : { 'last-event-id': cursor };
  const client = await openStream(`${url}/v1/stream?topic=late.*`, { headers: { ...headers, ...last } });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

/** Schedules them 50 ms apart; resolves with when the last one is due, once all were answered with 202. */
async function schedule(firstDueMs: number): Promise<number> {
  const dueMs = (n: number): number => firstDueMs + n * 50;
  const events = Array.from({ length: COUNT }, (_, n) => ({
    topic: `late.${n % 5}`,
    event: 'due',
    data: { n, dueMs: dueMs(n) },
    at: new Date(dueMs(n)).toISOString(),
  }));
  const answer = await fetch(`${ingest.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) });
  expect(answer.status).toBe(202);
  return dueMs(COUNT - 1);
}

const numbersOf = (client: StreamClient): number[] =>
  client.events.filter(({ event }) => event === 'due').map(({ data }) => JSON.parse(data).n);

async function expectOnce(client: StreamClient): Promise<void> {
  await expect.poll(() => new Set(numbersOf(client)).size, LONG).toBe(COUNT);
  await pause(REPEATS_MS);
  expect(numbersOf(client).sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(client.events.filter(({ event }) => event === 'hub.gap')).toEqual([]);
  expect(site.accidents).toEqual([]);
}

test('what falls due while all servers, ingests and edges are dead comes once afterwards, to a stream that resumes', {
  timeout: 120_000,
}, async () => {
  const before = await follow(edge);
  const lastDueMs = await schedule(Date.now() + 3_000);
  const cursor = before.lastEventId;
  expect([cursor !== '', numbersOf(before)]).toEqual([true, []]);
  const { servers } = site.cluster;
  await Promise.all([...servers.map((server) => server.kill()), ingest.kill(), edge.kill()]);
  await pause(lastDueMs + 1_000 - Date.now());
  await Promise.all(servers.map((server) => server.restart()));
  await site.cluster.ready();
  // They publish before anybody listens.
  await Promise.all([site.start('ingest'), site.start('ingest')]);
  const client = await follow(await site.start('edge'), cursor);
  await expectOnce(client);
});

test('ingests whose clocks are an hour ahead and an hour behind publish each at its time by the servers, and once', {
  timeout: 120_000,
}, async () => {
  const client = await follow(edge);
  const lateMs: number[] = [];
  await schedule(Date.now() + 12_000);
  await ingest.kill();
  // The services are told another time by the machine.
  const shifted = (ms: number): NodeJS.ProcessEnv => {
    const script = `const{now}=Date;Date.now=()=>now()+${ms}`;
    return { NODE_OPTIONS: `--import=data:text/javascript,${script}` };
  };
  const { urls } = site.cluster;
  await Promise.all([3_600_000, -3_600_000].map((ms) => site.start('ingest', urls, shifted(ms))));
  await expect
    .poll(
      () => {
        for (const { event, data } of client.events.slice(lateMs.length)) {
          lateMs.push(event === 'due' ? Date.now() - JSON.parse(data).dueMs : 0);
        }
        return new Set(numbersOf(client)).size;
      },
      { ...LONG, interval: 20 },
    )
    .toBe(COUNT);
  expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...lateMs)).toBeLessThan(10_000);
  await expectOnce(client);
});
