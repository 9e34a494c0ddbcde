import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStream, request } from '@tidings/runtime/testing';
import { expect, onTestFinished, test } from 'vitest';
import { HOOK_SECRET, startReceiver } from '../../dispatcher/test/receiver.ts';
import { startTestHub, type TestHub } from './fixture.ts';

async function startHubWith(plan: object): Promise<TestHub> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-webhooks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'secret'), HOOK_SECRET);
  const path = join(folder, 'webhooks.json');
  writeFileSync(path, JSON.stringify(plan).replaceAll('$FOLDER', folder));
  return startTestHub({ TIDINGS_WEBHOOKS_FILE: path });
}

test('a hub tells of sessions, of presence and of a user who was not reached, and an admin replays what was given up', async () => {
  const receiver = await startReceiver();
  const hub = await startHubWith({
    unreachedAfterSec: 1,
    endpoints: [
      {
        name: 'crm',
        url: `${receiver.url}?key=hidden`,
        secret: { file: '$FOLDER/secret' },
        events: ['*'],
        topics: ['room.*'],
        allowPrivate: true,
      },
    ],
  });
  const token = await hub.token({ subscribe: ['room.*', 'orders'], publish: ['>'], admin: true });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const publish = (topic: string, more?: object): Promise<Response> =>
    request(`${hub.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify({ topic, data: 1, ...more }) });
  const open = (): ReturnType<typeof openStream> =>
    openStream(`${hub.url}/v1/stream?topic=room.1&topic=orders&topic=user.alice`, { headers });
  const [one, two] = [await open(), await open()];
  for (const client of [one, two]) await client.event('hub.live');
  await publish('user.alice');
  await publish('user.bob');
  await publish('user.carol', { delay: 1 });
  one.destroy();
  await expect.poll(() => receiver.hooks.map(({ type }) => type)).toContain('session.closed');
  const session = `${two.headers['tidings-session']}`;
  expect((await request(`${hub.url}/v1/sessions/${session}`, { method: 'DELETE', headers })).status).toBe(204);
  await expect
    .poll(() => receiver.hooks.map(({ type, data }) => `${type} ${data.reason ?? data.topic ?? ''}`).sort(), {
      timeout: 10_000,
    })
    .toEqual([
      'presence.entered room.1',
      'presence.left room.1',
      'session.closed gone',
      'session.closed kicked',
      'session.opened ',
      'session.opened ',
      'user.unreached user.bob',
      'user.unreached user.carol',
    ]);
  expect(receiver.hooks.find(({ type }) => type === 'user.unreached')?.data).toEqual({
    tenant: 'default',
    user: 'bob',
    topic: 'user.bob',
    event: expect.stringMatching(/./),
    published: expect.any(String),
  });

  receiver.answer(410);
  (await open()).destroy();
  const ask = async (path: string, method = 'GET'): Promise<Record<string, unknown>> =>
    (await (await request(`${hub.url}/v1/webhooks${path}`, { method, headers })).json()) as Record<string, unknown>;
  await expect.poll(async () => ((await ask('/crm/dead')).dead as object[]).length).toBe(4);
  expect(await ask('')).toEqual({
    endpoints: [{ name: 'crm', origin: new URL(receiver.url).origin, events: expect.any(Array), waiting: 0, dead: 4 }],
  });
  const before = receiver.hooks.length;
  const ids = ((await ask('/crm/dead')).dead as { id: string }[]).map(({ id }) => id);
  receiver.answer(204);
  expect(await ask(`/crm/replay?id=${ids[0]}`, 'POST')).toEqual({ replayed: 1 });
  expect(await ask(`/crm/replay?id=${ids[1]}&id=${ids[2]}`, 'POST')).toMatchObject({ status: 422, parameter: 'id' });
  expect(await ask('/crm/replay', 'POST')).toEqual({ replayed: 3 });
  await expect.poll(() => receiver.hooks.slice(before).map(({ id }) => id)).toHaveLength(4);
  expect(new Set(receiver.hooks.slice(before).map(({ id }) => id))).toEqual(new Set(ids));
  expect((await ask('/other/dead')).code).toBe('not-found');
  const stranger = await hub.token({ subscribe: ['>'] });
  const refused = await request(`${hub.url}/v1/webhooks`, { headers: { authorization: `Bearer ${stranger}` } });
  expect(refused.status).toBe(403);
  expect(JSON.stringify(hub.lines)).not.toMatch(/hidden|whsec_/);
});

test('a hub that ends tells first that its streams have ended, since the next one knows nothing of them', async () => {
  const receiver = await startReceiver();
  const common = { secret: { file: '$FOLDER/secret' }, events: ['session.*', 'presence.*'], topics: ['room.*'] };
  const hub = await startHubWith({
    endpoints: [{ ...common, name: 'crm', url: receiver.url, allowPrivate: true }],
  });
  const headers = { authorization: `Bearer ${await hub.token({ subscribe: ['room.*'] })}` };
  // More than are sent at once.
  for (let count = 0; count < 12; count += 1) {
    const client = await openStream(`${hub.url}/v1/stream?topic=room.1`, { headers });
    await client.event('hub.live');
  }
  await expect.poll(() => receiver.hooks).toHaveLength(13);
  await hub.stop();
  const told = receiver.hooks.slice(13).map(({ type, data }) => `${type} ${data.reason ?? data.topic}`);
  expect(told.sort()).toEqual(['presence.left room.1', ...Array(12).fill('session.closed draining')]);
});

test('a file with faults keeps a hub from starting, and every fault is named', async () => {
  const started = startHubWith({
    endpoints: [{ name: 'crm', url: 'http://a.example', secret: { env: 'X' }, events: ['a'] }],
  });
  await expect(started).rejects.toThrow(
    /TIDINGS_WEBHOOKS_FILE: endpoints\[0\]\.events\[0\] is none of \*, session\.\*/,
  );
});
