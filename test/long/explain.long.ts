import type { Explanation } from '@tidings/protocol';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { type GuardedSite, startGuardedSite } from '../deploy/guarded-site.ts';

const LONG = { timeout: 60_000, interval: 200 };

let site: GuardedSite;
let ingest: Service;
let edges: [Service, Service];
let token: string;

beforeAll(async () => {
  site = await startGuardedSite('', { TIDINGS_JOURNAL_MAX_BYTES: '1000000' });
  ingest = await site.start('ingest');
  edges = [await site.start('edge'), await site.start('edge')];
  token = await site.mint({ sub: 'alice', tidings: { subscribe: ['room.*'], publish: ['>'], admin: true } });
}, 120_000);
afterAll(async () => site?.remove(), 60_000);

const headers = (): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
});

async function open({ url }: Service, cursor = ''): Promise<StreamClient> {
  const client = await openStream(`${url}/v1/stream?topic=room.1`, {
    headers: { ...headers(), ...(cursor !== '' && { 'last-event-id': cursor }) },
  });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

async function publish(data: string): Promise<string> {
  const body = JSON.stringify({ topic: 'room.1', data });
  const answer = await fetch(`${ingest.url}/v1/events`, { method: 'POST', headers: headers(), body });
  return (await answer.json()).id;
}

async function explain({ url }: Service, user: string, id: string): Promise<Explanation> {
  const answer = await fetch(`${url}/v1/explain?user=${user}&event=${id}`, { headers: headers() });
  const body = await answer.json();
  expect(answer.status, JSON.stringify(body)).toBe(200);
  return body;
}

test('any edge explains for all; once one is killed, what it held is unknown, and nothing is denied', async () => {
  const [here, there] = edges;
  // By then each has heard of the other.
  await expect.poll(async () => (await explain(here, 'bob', await publish('early'))).delivered, LONG).toBe('no');
  const client = await open(there);
  const id = await publish('one');
  await client.until(() => client.published().some(({ data }) => data === 'one'));
  const { session = '' } = JSON.parse((await client.event('hub.hello')).data);
  expect(await explain(here, 'alice', id)).toMatchObject({
    delivered: 'written',
    event: { state: 'stored', topic: 'room.1' },
    sessions: [{ id: session, edge: session.slice(0, 8), written: 'yes' }],
    lost: [],
  });

  client.destroy();
  const back = await open(here, client.lastEventId);
  expect(await explain(here, 'alice', id)).toMatchObject({ delivered: 'acknowledged' });
  back.destroy();

  await there.kill();
  const asked = (): Promise<string> => explain(here, 'alice', id).then(({ delivered }) => delivered, String);
  // Until the dead edge is given up nobody answers for it.
  await expect.poll(asked, LONG).toBe('unknown');
  const answer = await explain(here, 'alice', id);
  expect(answer.lost.map(({ node }) => node)).toEqual([session.slice(0, 8)]);
  expect(answer.sessions).toMatchObject([{ written: 'no', why: 'opened-after', resumedFrom: client.lastEventId }]);
  expect((await explain(here, 'bob', id)).delivered).toBe('unknown');

  // What is published long after it was heard can't have been on it.
  await expect.poll(async () => (await explain(here, 'bob', await publish('late'))).delivered, LONG).toBe('no');
});
