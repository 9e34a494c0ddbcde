import { openStream } from '@tidings/runtime/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { type Site, startSite } from '../../loadtest/src/chaos/site.ts';
import { startTraffic, type Traffic } from '../../loadtest/src/chaos/traffic.ts';
import { CLIENTS, flow, RATE, verdictOf } from '../fault/site-runs.ts';
import { buildPrevious, type PreviousBuild } from './previous-build.ts';

let previous: PreviousBuild;
let site: Site;
let traffic: Traffic | undefined;

beforeAll(async () => {
  previous = buildPrevious();
  site = await startSite({ build: previous.folder });
}, 300_000);
afterAll(async () => {
  await site?.remove();
  previous?.remove();
});
afterEach(() => traffic?.stop());

/** As a rollout without unavailable pods goes: one more is started before one is asked to end. */
async function replaceAll(run: Traffic, build: string | undefined): Promise<void> {
  for (const edge of site.edges) {
    await site.startEdge({ build });
    await flow(run, 150);
    expect(await edge.drain()).toBe(0);
  }
  for (const ingest of site.ingests) {
    await site.startIngest({ build });
    await flow(run, 150);
    expect(await ingest.drain()).toBe(0);
  }
  await flow(run, 150);
}

async function ask(url: string, method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${site.token}`, ...(body && { 'content-type': 'application/json' }) };
  return await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

describe('beside the previous build, on one cluster of NATS', () => {
  test('this one takes its place, and gives it back, while every event arrives once and in order', async () => {
    traffic = await startTraffic(site, { clients: CLIENTS, rate: RATE, chance: createChance(4) });
    await replaceAll(traffic, undefined);
    await replaceAll(traffic, previous.folder);
    const counts = await verdictOf(traffic, site);
    expect(counts['hub.bye draining']).toBeGreaterThanOrEqual(2 * CLIENTS);
    console.log(`with ${previous.commit.slice(0, 12)} and back:`, counts);
  });

  test.each([
    ['a stream of the previous build is seen, changed and closed by way of this one', true],
    ['a stream of this build is seen, changed and closed by way of the previous one', false],
  ])('%s', async (_, isHeldByPrevious) => {
    const [old] = site.edges;
    const fresh = await site.startEdge({ apart: true });
    const [holder, other] = isHeldByPrevious ? [old, fresh] : [fresh, old];
    const authorization = `Bearer ${site.token}`;
    const topic = `upgrade.${isHeldByPrevious}`;
    const client = await openStream(`${holder?.url}/v1/stream?topic=${topic}`, { headers: { authorization } });
    await client.event('hub.live');
    const path = `/v1/sessions/${client.headers['tidings-session']}`;

    expect((await ask(other?.url ?? '', 'GET', path)).status).toBe(200);
    expect((await ask(other?.url ?? '', 'PATCH', path, { add: [`${topic}.more`] })).status).toBe(200);
    const [ingest] = site.ingests;
    await ask(ingest?.url ?? '', 'POST', '/v1/events', { topic: `${topic}.more`, data: 'after the change' });
    await client.until(({ events }) => events.some(({ data }) => data === 'after the change'));
    expect((await ask(other?.url ?? '', 'DELETE', path)).status).toBe(204);
    await client.end();
    expect(await fresh.drain()).toBe(0);
  });
});
