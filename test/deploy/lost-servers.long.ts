import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsServer } from '@tidings/broker/testing';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { startTraffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';
import { flow } from '../fault/site-runs.ts';
import { openOperatorShell } from './documented-commands.ts';
import { type GuardedSite, startGuardedSite } from './guarded-site.ts';

const EVENTS = 200;

let site: GuardedSite;
let ingest: Service;
let edge: Service;
let token: string;

beforeAll(async () => {
  site = await startGuardedSite();
  [ingest, edge] = await Promise.all([site.start('ingest'), site.start('edge')]);
  token = await site.mint({ sub: 'a', tidings: { subscribe: ['>'], publish: ['>'] } });
}, 900_000);
afterAll(() => site?.remove());

const storeOf = ({ folder }: NatsServer): string => join(folder, 'store');

/** Runs commands of a page as the operator, beside the first server. */
async function follow(document: string, mark: string): Promise<void> {
  const [server] = site.cluster.servers as [NatsServer];
  const shell = await openOperatorShell(site, document, { 'http://127.0.0.1:8222': server.monitorUrl });
  await shell.follow(mark).finally(() => shell.remove());
}

test('a server that is lost with its disk is replaced by an empty one of its name: every event arrives once and in order', async () => {
  const doors = { token, edgeUrl: () => edge.url, ingestUrl: () => ingest.url };
  const run = await startTraffic(doors, { clients: 10, rate: 100, chance: createChance(3) });
  await flow(run, 100);
  const server = (await site.cluster.streamLeader('EVT_0')) as NatsServer;
  await server.kill();
  await rm(storeOf(server), { recursive: true });
  await flow(run, 100);
  const startMs = performance.now();
  await server.restart();
  await follow('docs/operations/upgrade.md', 'in-step');
  console.log(`in step after ${Math.round(performance.now() - startMs)} ms`);
  await flow(run, 100);
  await run.settle();
  expect(judge(run, { accidents: site.accidents }).reasons).toEqual([]);
});

test('of two servers that are lost with their disks the third has a copy for each place, and every client is told', async () => {
  const publish = async (data: string): Promise<void> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ topic: 'kept', data });
    const answer = await fetch(`${ingest.url}/v1/events`, { method: 'POST', headers, body });
    expect(answer.status).toBe(202);
  };
  const open = async (query: string): Promise<StreamClient> => {
    const headers = { authorization: `Bearer ${token}` };
    const stream = await openStream(`${edge.url}/v1/stream?topic=kept${query}`, { headers });
    await stream.event('hub.live');
    return stream;
  };
  const stays = await open('');
  for (let count = 0; count < EVENTS; count += 1) await publish(`${count}`);
  await site.cluster.ready();
  const leaders = [await site.cluster.streamLeader('EVT_0'), await site.cluster.metaLeader()];
  // The one that would lose an election against two that know nothing.
  const survivor = site.cluster.servers.find((server) => !leaders.includes(server)) as NatsServer;
  const lost = site.cluster.servers.filter((server) => server !== survivor);
  await Promise.all(lost.map((server) => server.kill()));
  await Promise.all(lost.map((server) => rm(storeOf(server), { recursive: true })));

  await survivor.stop();
  for (const server of lost) await cp(storeOf(survivor), storeOf(server), { recursive: true });
  const startMs = performance.now();
  await Promise.all(site.cluster.servers.map((server) => server.restart()));
  await follow('docs/operations/upgrade.md', 'in-step');
  console.log(`in step after ${Math.round(performance.now() - startMs)} ms`);
  await follow('docs/operations/backup.md', 'rename');
  await stays.until(({ events }) => events.some(({ event }) => event === 'hub.gap'), 15_000);
  await publish('after');
  await stays.until(() => stays.published().at(-1)?.data === 'after', 15_000);
  const replayed = await open('&replay=all');
  const texts = Array.from({ length: EVENTS }, (_, count) => `${count}`).concat('after');
  expect(replayed.published().map(({ data }) => data)).toEqual(texts);
  for (const stream of [stays, replayed]) stream.destroy();
  expect(site.accidents).toEqual([]);
});
