import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { askJetStream } from '../../loadtest/src/chaos/jetstream-request.ts';
import { type Site, startSite } from '../../loadtest/src/chaos/site.ts';
import { startTraffic, type Traffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';
import { CLIENTS, flow, RATE, startRun, verdictOf } from '../fault/site-runs.ts';

let site: Site;
let traffic: Traffic | undefined;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site.remove());

afterEach(() => traffic?.stop());

async function start(): Promise<Traffic> {
  traffic = await startRun(site);
  return traffic;
}

describe('every event arrives once and in order, or the stream says so, when', () => {
  test('the edges are replaced one after the other, with drain', async () => {
    const run = await start();
    for (const edge of site.edges) {
      await site.startEdge();
      await flow(run, 100);
      expect(await edge.drain()).toBe(0);
    }
    const counts = await verdictOf(run, site);
    expect(counts['hub.bye draining']).toBeGreaterThanOrEqual(CLIENTS);
  });

  test('the leader of the stream steps down again and again', async () => {
    const run = await start();
    const leaders = new Set<string | undefined>();
    for (let time = 0; time < 4; time += 1) {
      leaders.add((await site.cluster.streamLeader('EVT_0'))?.name);
      const { url } = site.cluster.servers[time % 3] as { url: string };
      await askJetStream(url, '$JS.API.STREAM.LEADER.STEPDOWN.EVT_0').catch(() => {});
      await flow(run, 150);
    }
    const counts = await verdictOf(run, site);
    expect(leaders.size).toBeGreaterThan(1);
    // An election is the ingest's to bridge: publishers see no error.
    expect(counts['published again']).toBe(0);
  });

  test('one nats-server of three is killed, with all that is connected to it, and comes back', async () => {
    const run = await start();
    await flow(run, 100);
    const server = (await site.cluster.streamLeader('EVT_0')) ?? site.cluster.servers[0];
    await server?.kill();
    await flow(run, 200);
    await server?.restart();
    await site.cluster.ready();
    await flow(run, 100);
    await verdictOf(run, site);
  });

  test('the stream is deleted and made anew: hub.gap, and then everything again', async () => {
    const run = await start();
    await flow(run, 100);
    await askJetStream(site.cluster.urls[0] as string, '$JS.API.STREAM.DELETE.EVT_0');
    await pause(500);
    // An ingest makes what is missing when it starts.
    await site.startIngest();
    await expect
      .poll(() => run.subscribers.every(({ account }) => account.gaps.length > 0), { timeout: 15_000 })
      .toBe(true);
    await flow(run, 200);
    const counts = await verdictOf(run, site, ['reset']);
    expect(counts['hub.gap reset']).toBe(CLIENTS);
  });

  test('and the account shows it when an edge does not repair what its feed missed', async () => {
    const [server] = site.cluster.servers;
    const edge = await site.startEdge({ repair: false, apart: true, env: { TIDINGS_NATS_URL: server?.url } });
    const doors = { token: site.token, edgeUrl: () => edge.url, ingestUrl: () => site.ingestUrl() };
    traffic = await startTraffic(doors, { clients: 10, rate: RATE, chance: createChance(2) });
    await flow(traffic, 100);
    await server?.kill();
    await flow(traffic, 200);
    await server?.restart();
    await traffic.settle(2_000);
    const { counts } = judge(traffic);
    expect(counts.lost).toBeGreaterThan(0);
    await edge.kill();
  });
});
