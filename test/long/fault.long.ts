import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { type Site, startSite } from '../../loadtest/src/chaos/site.ts';
import { startTraffic, type Traffic, type TrafficOptions } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';
import { FEED, FOLLOWING } from '../fault/site-runs.ts';

const DRAIN_MS = 10_000;
// What an ingest tries for by itself, and the beat in which it looks at the clock.
const GIVE_UP_MS = 15_000;
const ANSWER_MS = 17_000;

let site: Site;
let traffic: Traffic | undefined;

beforeAll(async () => {
  site = await startSite({ feed: FEED, env: { TIDINGS_DRAIN_MS: `${DRAIN_MS}` } });
});

afterAll(() => site.remove());

afterEach(() => traffic?.stop());

async function start(options: Partial<TrafficOptions> = {}): Promise<Traffic> {
  traffic = await startTraffic(site, { clients: 50, rate: 300, chance: createChance(1), ...FOLLOWING, ...options });
  return traffic;
}

/** Settles, and fails with what was lost, repeated, disordered or late. */
async function expectAll(run: Traffic, title: string): Promise<void> {
  await run.settle();
  const { counts, reasons } = judge(run, { accidents: site.accidents });
  console.log(`${title}: ${JSON.stringify(counts)}`);
  expect(reasons).toEqual([]);
}

const connectionsOf = ({ subscribers }: Traffic): number =>
  subscribers.reduce((sum, { connections }) => sum + connections, 0);

// One topic for most, so that the load is that of many streams and not of many deliveries.
const mostlyOneTopic = (place: number): string[] =>
  place % 100 === 0 ? ['chaos.>'] : [`chaos.${place % 6}.${place % 10}`];

describe('events arrive once and in order', () => {
  test('when an edge with 250 of 500 subscribers is killed while 500 events/s flow', async () => {
    const run = await start({ clients: 500, rate: 500, patternsOf: mostlyOneTopic });
    await pause(5_000);
    await site.edges[0]?.kill();
    await pause(5_000);
    await site.startEdge();
    await expectAll(run, 'edge killed');
  });

  test('when edges are replaced with drain, and the reconnects are spread', async () => {
    const run = await start({ clients: 500, rate: 200, patternsOf: mostlyOneTopic });
    await pause(2_000);
    await site.startEdge();
    const [old] = site.edges;
    const drainedMs = performance.now();
    expect(await old?.drain()).toBe(0);
    await pause(DRAIN_MS);
    const returnsMs = run.subscribers.flatMap((subscriber) => subscriber.returnsMs.filter((ms) => ms > drainedMs));
    const bins: number[] = Array.from({ length: DRAIN_MS / 1_000 + 1 }, () => 0);
    for (const ms of returnsMs) {
      const bin = Math.min(Math.floor((ms - drainedMs) / 1_000), bins.length - 1);
      bins[bin] = (bins[bin] as number) + 1;
    }
    console.log(`${returnsMs.length} reconnects, by second: ${bins.join(' ')}`);
    expect(returnsMs.length).toBeGreaterThan(100);
    expect(Math.max(...bins)).toBeLessThanOrEqual((3 * returnsMs.length) / (DRAIN_MS / 1_000));
    await expectAll(run, 'drained');
  });

  test('when the quorum is lost for 25 s: publishers get 503 in time, streams stay open, and all goes on', async () => {
    const run = await start();
    await pause(2_000);
    const before = connectionsOf(run);
    const [one, other] = site.cluster.servers;
    await Promise.all([one?.kill(), other?.kill()]);
    const lostMs = performance.now();
    const headers = { authorization: `Bearer ${site.token}`, 'content-type': 'text/plain' };
    const answers = await Promise.all(
      site.ingests.map(async ({ url }) => {
        const answer = await fetch(`${url}/v1/topics/quorum/events`, { method: 'POST', headers, body: 'x' });
        return { status: answer.status, retryAfter: answer.headers.get('retry-after'), ms: performance.now() - lostMs };
      }),
    );
    console.log(`without a quorum: ${JSON.stringify(answers)}`);
    for (const { status, retryAfter, ms } of answers) {
      expect(status).toBe(503);
      expect(Number(retryAfter)).toBeGreaterThan(0);
      expect(ms).toBeLessThan(ANSWER_MS);
    }
    await pause(Math.max(0, GIVE_UP_MS + 10_000 - (performance.now() - lostMs)));
    await Promise.all([one?.restart(), other?.restart()]);
    await site.cluster.ready();
    const end = run.punctuality.begin('quorum lost');
    end();
    await pause(3_000);
    expect(connectionsOf(run)).toBe(before);
    await expectAll(run, 'quorum lost');
  });

  test.each([0, 1, 2])('when nats-server %i is frozen for 20 s, and its streams stay open', async (place) => {
    const run = await start();
    await pause(2_000);
    const before = connectionsOf(run);
    const server = site.cluster.servers[place];
    const end = run.punctuality.begin('nats-server frozen');
    server?.freeze();
    await pause(20_000);
    server?.thaw();
    end();
    await site.cluster.ready();
    expect(connectionsOf(run)).toBe(before);
    await expectAll(run, 'nats-server frozen');
    console.log(`longest wait, the 20 s included: ${Math.round(run.punctuality.longestMs)} ms`);
  });

  test('when a tenth of the clients stops reading for a minute: memory stays bounded', async () => {
    const run = await start({
      clients: 200,
      rate: 300,
      patternsOf: (place) => (place % 10 === 0 ? ['chaos.>'] : ['chaos.1.1']),
    });
    const stalled = run.subscribers.filter((_, place) => place % 10 === 0);
    for (const subscriber of stalled) subscriber.stall();
    await pause(60_000);
    for (const subscriber of stalled) subscriber.resume();
    await expectAll(run, 'stalled');
    const rss = site.tally.largestRss('edge');
    console.log(`largest edge: ${Math.round(rss / 1e6)} MB`);
    expect(rss).toBeLessThan(500e6);
  });
});
