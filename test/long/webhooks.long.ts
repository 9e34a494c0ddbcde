import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { HOOK_SECRET, type Receiver, startReceiver } from '../../services/dispatcher/test/receiver.ts';
import { type GuardedSite, startGuardedSite } from '../deploy/guarded-site.ts';

const LONG = { timeout: 120_000, interval: 200 };

let site: GuardedSite;
let receiver: Receiver;
let ingest: Service;
let edges: Service[];
let token: string;
let dispatchers: Service[];
let end = async (): Promise<void> => {};
const folder = mkdtempSync(join(tmpdir(), 'tidings-webhooks-'));

beforeAll(async () => {
  receiver = await startReceiver((run) => {
    end = run;
  });
  const file = join(folder, 'webhooks.json');
  const crm = {
    name: 'crm',
    url: receiver.url,
    secret: { env: 'CRM_SECRET' },
    events: ['*'],
    topics: ['room.*'],
    allowPrivate: true,
  };
  writeFileSync(file, JSON.stringify({ unreachedAfterSec: 3, endpoints: [crm] }));
  site = await startGuardedSite('', { TIDINGS_WEBHOOKS_FILE: file, CRM_SECRET: HOOK_SECRET });
  ingest = await site.start('ingest');
  edges = await Promise.all([site.start('edge'), site.start('edge')]);
  dispatchers = await Promise.all([site.start('webhooks'), site.start('webhooks')]);
  token = await site.mint({ sub: 'alice', tidings: { subscribe: ['room.*'], publish: ['>'], admin: true } });
}, 120_000);
afterAll(async () => {
  await end();
  rmSync(folder, { recursive: true });
  await site?.remove();
}, 60_000);

async function open({ url }: Service, query: string): Promise<StreamClient> {
  const client = await openStream(`${url}/v1/stream?${query}`, { headers: { authorization: `Bearer ${token}` } });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

const told = (about: string): string[] =>
  receiver.hooks
    .filter(({ data }) => [data.session, data.user, data.topic].includes(about))
    .map(({ type, data }) => `${type} ${data.reason ?? data.topic ?? ''}`.trim());

test('two edges and two dispatchers tell each thing, presence across edges included, and who was not reached', async () => {
  const [one, two] = (await Promise.all(edges.map((edge) => open(edge, 'topic=room.1&topic=user.alice')))) as [
    StreamClient,
    StreamClient,
  ];
  for (const topic of ['user.alice', 'user.bob']) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    await fetch(`${ingest.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify({ topic, data: 1 }) });
  }
  // Edges report several times a second, and each for itself.
  await expect.poll(() => told('alice').length, LONG).toBe(3);
  one.destroy();
  const session = `${one.headers['tidings-session']}`;
  await expect.poll(() => told(session), LONG).toEqual(['session.opened', 'session.closed gone']);
  expect(told('room.1')).toEqual(['presence.entered room.1']);
  two.destroy();
  await expect.poll(() => told('room.1'), LONG).toEqual(['presence.entered room.1', 'presence.left room.1']);
  await expect.poll(() => told('bob'), LONG).toEqual(['user.unreached user.bob']);
  expect(told('user.alice')).toEqual([]);
});

test('an edge that is killed while no dispatcher runs has its sessions closed, once one runs again', async () => {
  const edge = await site.start('edge');
  const client = await open(edge, 'topic=room.2');
  const session = `${client.headers['tidings-session']}`;
  await expect.poll(() => told(session), LONG).toEqual(['session.opened']);
  await Promise.all(dispatchers.map((service) => service.kill()));
  await edge.kill();
  dispatchers = [await site.start('webhooks')];
  await expect.poll(() => told(session), LONG).toEqual(['session.opened', 'session.closed edge-lost']);
  await expect.poll(() => told('room.2'), LONG).toEqual(['presence.entered room.2', 'presence.left room.2']);
});

test('a dispatcher that is killed between a delivery and its acknowledgement leaves it to another, under the same id', async () => {
  // It answers once it is told to.
  const release = receiver.hold();
  const [edge] = edges as [Service];
  const client = await open(edge, 'topic=room.3');
  const session = `${client.headers['tidings-session']}`;
  const ids = (): string[] => receiver.hooks.filter(({ data }) => data.session === session).map(({ id }) => id);
  await expect.poll(() => ids().length, LONG).toBe(1);
  await Promise.all(dispatchers.map((service) => service.kill()));
  release();
  dispatchers = [await site.start('webhooks')];
  await expect.poll(() => ids().length, LONG).toBe(2);
  expect(new Set(ids()).size).toBe(1);
  expect(site.accidents).toEqual([]);
});
