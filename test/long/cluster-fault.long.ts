import { setTimeout as pause } from 'node:timers/promises';
import { askJetStream } from '@tidings/broker/testing';
import { describe, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { startTraffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';
import { CLIENTS, flow, provideSite, RATE, verdictOf } from '../fault/site-runs.ts';

const runs = provideSite();

describe('every event arrives once and in order, or the stream says so, when', () => {
  test('the edges are replaced one after the other, with drain', async () => {
    const run = await runs.start();
    for (const edge of runs.site.edges) {
      await runs.site.startEdge();
      await flow(run, 100);
      expect(await edge.drain()).toBe(0);
    }
    const counts = await verdictOf(run, runs.site);
    expect(counts['hub.bye draining']).toBeGreaterThanOrEqual(CLIENTS);
  });

  test('the leader of the stream steps down again and again', async () => {
    const run = await runs.start();
    const leaders = new Set<string | undefined>();
    for (let time = 0; time < 4; time += 1) {
      leaders.add((await runs.site.cluster.streamLeader('EVT_0'))?.name);
      const { url } = runs.site.cluster.servers[time % 3] as { url: string };
      await askJetStream(url, '$JS.API.STREAM.LEADER.STEPDOWN.EVT_0').catch(() => {});
      await flow(run, 150);
    }
    const counts = await verdictOf(run, runs.site);
    expect(leaders.size).toBeGreaterThan(1);
    // An election is the ingest's to bridge: publishers see no error.
    expect(counts['published again']).toBe(0);
  });

  test('one nats-server of three is killed, with all that is connected to it, and comes back', async () => {
    const run = await runs.start();
    await flow(run, 100);
    const server = (await runs.site.cluster.streamLeader('EVT_0')) ?? runs.site.cluster.servers[0];
    await server?.kill();
    await flow(run, 200);
    await server?.restart();
    await runs.site.cluster.ready();
    await flow(run, 100);
    await verdictOf(run, runs.site);
  });

  test('the stream is deleted and made anew: hub.gap, and then everything again', async () => {
    const run = await runs.start();
    await flow(run, 100);
    await askJetStream(runs.site.cluster.urls[0] as string, '$JS.API.STREAM.DELETE.EVT_0');
    await pause(500);
    // An ingest makes what is missing when it starts.
    await runs.site.startIngest();
    await expect
      .poll(() => run.subscribers.every(({ account }) => account.gaps.length > 0), { timeout: 15_000 })
      .toBe(true);
    await flow(run, 200);
    const counts = await verdictOf(run, runs.site, ['reset']);
    expect(counts['hub.gap reset']).toBe(CLIENTS);
  });

  test('and the account shows it when an edge does not repair what its feed missed', async () => {
    const [server] = runs.site.cluster.servers;
    const edge = await runs.site.startEdge({ repair: false, apart: true, env: { TIDINGS_NATS_URL: server?.url } });
    const doors = { token: runs.site.token, edgeUrl: () => edge.url, ingestUrl: () => runs.site.ingestUrl() };
    const traffic = await runs.start(startTraffic(doors, { clients: 10, rate: RATE, chance: createChance(2) }));
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
