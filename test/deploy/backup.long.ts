import { randomBytes } from 'node:crypto';
import { askJetStream } from '@tidings/broker/testing';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { type OperatorShell, openOperatorShell } from './documented-commands.ts';
import { type GuardedSite, passwordOf, startGuardedSite } from './guarded-site.ts';

/** More than what a server sends ahead of the confirmations of what it has sent. */
const BULK_EVENTS = 150;
const BULK_BYTES = 75_000;

let site: GuardedSite;
let ingest: Service;
let edge: Service;
let shell: OperatorShell;
let admin: string;
const streams: StreamClient[] = [];

beforeAll(async () => {
  site = await startGuardedSite();
  [ingest, edge] = await Promise.all([site.start('ingest'), site.start('edge')]);
  admin = await site.mint({ sub: 'ops', tidings: { subscribe: ['>'], publish: ['>'], admin: true } });
}, 900_000);
afterAll(() => site?.remove());
beforeEach(async () => {
  shell = await openOperatorShell(site, 'docs/operations/backup.md');
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.destroy();
  await shell.remove();
});

async function publish(topic: string, data: string, id?: string): Promise<{ id: string; duplicate?: boolean }> {
  const answer = await fetch(`${ingest.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ topic, data, ...(id && { id }) }),
  });
  expect(answer.status).toBe(202);
  return (await answer.json()) as { id: string; duplicate?: boolean };
}

async function subscribe(topic: string, cursor?: string): Promise<StreamClient> {
  const headers = { authorization: `Bearer ${admin}`, ...(cursor && { 'last-event-id': cursor }) };
  const stream = await openStream(`${edge.url}/v1/stream?topic=${topic}`, { headers });
  streams.push(stream);
  await stream.event('hub.live');
  return stream;
}

async function history(topic: string): Promise<string[]> {
  const path = `/v1/topics/${topic}/events?limit=1000`;
  const answer = await fetch(edge.url + path, { headers: { authorization: `Bearer ${admin}` } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { events: { data: string }[] }).events.map(({ data }) => data);
}

const gapsOf = ({ events }: StreamClient): string[] =>
  events.filter(({ event }) => event === 'hub.gap').map(({ data }) => (JSON.parse(data) as { reason: string }).reason);
const textsOf = (stream: StreamClient): string[] => stream.published().map(({ data }) => data);

test('a log and a state that were backed up are restored under another name, and every client is told', async () => {
  const revoked = await site.mint({ sub: 'mallory', jti: 'stolen', tidings: { subscribe: ['>'] } });
  const asMallory = async (): Promise<number> =>
    (await fetch(`${edge.url}/v1/topics/log/events`, { headers: { authorization: `Bearer ${revoked}` } })).status;
  expect(await asMallory()).toBe(200);
  const revoking = await fetch(`${edge.url}/v1/revocations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ jti: 'stolen' }),
  });
  expect(revoking.status).toBeLessThan(300);
  const open = await subscribe('log');
  for (let count = 0; count < BULK_EVENTS; count += 1)
    await publish('bulk', randomBytes(BULK_BYTES).toString('base64'));
  for (const text of ['1', '2', '3']) await publish('log', text, `id-${text}`);
  console.log(await shell.follow('backup'));
  await publish('log', '4', 'id-4');
  const { id: cursor } = await publish('log', '5', 'id-5');
  await open.until(() => textsOf(open).length === 5);

  await shell.follow('restore-state');
  console.log((await shell.follow('restore-events')).split('\n').slice(0, 4));
  await open.until(() => gapsOf(open).length > 0, 10_000);
  const again = await subscribe('log', cursor);
  expect(gapsOf(again)).toEqual(['reset']);
  expect(await history('log')).toEqual(['1', '2', '3']);
  const login = { user: 'operator', password: passwordOf('operator') };
  const { state } = await askJetStream(site.cluster.urls[0] as string, '$JS.API.STREAM.INFO.EVT_0', {}, login);
  expect(state).toMatchObject({ messages: BULK_EVENTS + 3 });

  // The servers do not know the ids of what they restore, as the document has it.
  expect((await publish('log', '3', 'id-3')).duplicate).toBeUndefined();
  expect(await publish('log', '3', 'id-3')).toMatchObject({ duplicate: true });
  await publish('log', '6');
  for (const stream of [open, again]) await stream.until(() => textsOf(stream).at(-1) === '6');
  expect(textsOf(open)).toEqual(['1', '2', '3', '4', '5', '3', '6']);
  expect(textsOf(again)).toEqual(['3', '6']);
  expect(gapsOf(open)).toEqual(['reset']);
  await expect.poll(asMallory, { timeout: 15_000 }).toBe(401);
  await site.cluster.ready();
});

test('under its old name it tells nothing to who was away, and keeps events from them; a new name tells all', async () => {
  const open = await subscribe('late');
  await publish('late', 'before');
  await shell.follow('backup');
  let cursor = '';
  for (const text of ['old 1', 'old 2', 'old 3']) ({ id: cursor } = await publish('late', text));
  await open.until(() => textsOf(open).length === 4);
  const nats = 'nats --inbox-prefix=_INBOX_operator';
  await shell.run(`${nats} stream rm EVT_0 --force\n${nats} backup restore stream events --no-progress`);
  for (const text of ['new 1', 'new 2', 'new 3', 'new 4', 'new 5']) await publish('late', text);
  await open.until(() => gapsOf(open).length > 0, 20_000);
  const away = await subscribe('late', cursor);
  expect(gapsOf(away)).toEqual([]);
  expect(textsOf(away)).toEqual(['new 4', 'new 5']);

  await shell.follow('rename');
  await away.until(() => gapsOf(away).includes('reset'), 10_000);
  expect(gapsOf(await subscribe('late', cursor))).toEqual(['reset']);
});

test('a backup can be had without what was erased', async () => {
  await publish('user.alice.cart', 'hers');
  await publish('user.alice', 'hers');
  await publish('user.alicia', 'not hers');
  await shell.follow('backup');
  await shell.follow('edit');
  await shell.run('rm -r events && mv events-without-alice events');
  await shell.follow('restore-events');
  await expect.poll(() => history('user.%3E'), { timeout: 15_000 }).toEqual(['not hers']);
});
