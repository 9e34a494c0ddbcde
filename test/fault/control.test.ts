import { type MintClaims, mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import {
  buildWorkspace,
  openStream,
  type ServiceProcess,
  type StreamClient,
  startServiceProcess,
} from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const SECRET = 'a secret of this test that is 32 bytes or longer';
const ALL = { subscribe: ['>'] };

let nats: NatsServer;
const processes: ServiceProcess[] = [];
const clients: StreamClient[] = [];
/** Holds the streams; the requests about them go to `there`. */
let here: string;
let there: string;
let ingest: string;

function start(workspace: string): Promise<string> {
  const service = startServiceProcess(workspace, { TIDINGS_JWT_SECRET: SECRET, TIDINGS_NATS_URL: nats.url });
  processes.push(service);
  return service.listening().then(({ url }) => url);
}

beforeAll(async () => {
  for (const workspace of ['services/ingest', 'services/edge']) buildWorkspace(workspace);
  nats = await startNatsServer();
  [ingest, here, there] = await Promise.all([start('services/ingest'), start('services/edge'), start('services/edge')]);
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  for (const service of processes) service.signal('SIGKILL');
  await Promise.all(processes.map(({ exited }) => exited));
  await nats?.remove();
});

const mint = (claims: MintClaims): Promise<string> => mintToken(SECRET, claims, 3_600, systemClock);
const admin = (): Promise<string> => mint({ sub: 'root', tidings: { admin: true } });

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  // The shape is what each test is about.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

async function send(url: string, method: string, path: string, token: string, body?: object): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    body: text === '' ? undefined : JSON.parse(text),
  };
}

async function open(url: string, query: string, token = ''): Promise<StreamClient> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const client = await openStream(`${url}/v1/stream?${query}`, { headers });
  clients.push(client);
  return client;
}

async function openLive(url: string, query: string, token: string): Promise<StreamClient & { readonly path: string }> {
  const client = await open(url, query, token);
  await client.event('hub.live');
  return Object.assign(Object.create(client), { path: `/v1/sessions/${client.headers['tidings-session']}` });
}

const byeOf = async (client: StreamClient): Promise<string> => {
  await client.end();
  return JSON.parse((await client.event('hub.bye')).data).reason;
};
const payloads = (client: StreamClient): string[] => client.published().map(({ data }) => data);

async function publish(topic: string, data: string): Promise<void> {
  const token = await mint({ sub: 'backend', tidings: { publish: ['>'] } });
  const { status } = await send(ingest, 'POST', '/v1/events', token, { topic, data });
  expect(status).toBe(202);
}

describe('section 8: two edges and an ingest on one nats-server, each request sent to the edge that has not the stream', () => {
  test('PATCH changes the topics, and replays from the log', async () => {
    const token = await mint({ sub: 'patch', tidings: ALL });
    await publish('patch.past', 'old');
    const client = await openLive(here, 'topic=patch.a', token);
    const changed = await send(there, 'PATCH', client.path, token, {
      add: [{ topic: 'patch.past', replay: 'all' }],
      remove: ['patch.a'],
    });
    expect(changed).toMatchObject({ status: 200, body: { topics: ['patch.past'] } });
    await publish('patch.a', 'removed');
    await publish('patch.past', 'new');
    await client.until(() => payloads(client).includes('new'));
    expect(payloads(client)).toEqual(['old', 'new']);
  });

  test('sessions and presence name what both hold, and a kick closes it', async () => {
    const tokens = await Promise.all(['one', 'two'].map((sub) => mint({ sub, tidings: ALL })));
    const first = await openLive(here, 'topic=seen.1', `${tokens[0]}`);
    await openLive(there, 'topic=seen.*', `${tokens[1]}`);
    const listed = await send(there, 'GET', '/v1/sessions?topic=seen.1', await admin());
    expect(listed.body.sessions.map(({ user }: { user: string }) => user).sort()).toEqual(['one', 'two']);
    const presence = await send(here, 'GET', '/v1/topics/seen.1/presence', await admin());
    expect(presence.body).toEqual({ subscribers: 2, users: ['one', 'two'] });
    expect((await send(there, 'DELETE', first.path, await admin())).status).toBe(204);
    expect(await byeOf(first)).toBe('kicked');
    expect((await send(here, 'GET', '/v1/topics/seen.1/presence', await admin())).body.subscribers).toBe(1);
  });

  test('a revocation closes the streams on both within a second, and holds on the ingest and on an edge that starts later', async () => {
    const token = await mint({ sub: 'thief', jti: 'stolen', tidings: { ...ALL, publish: ['>'] } });
    const streams = await Promise.all([here, there].map((url) => openLive(url, 'topic=a', token)));
    const startedMs = performance.now();
    expect((await send(there, 'POST', '/v1/revocations', await admin(), { jti: 'stolen' })).status).toBe(204);
    for (const stream of streams) expect(await byeOf(stream)).toBe('revoked');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    const later = await start('services/edge');
    for (const url of [here, there, later]) expect((await open(url, 'topic=a', token)).status).toBe(401);
    expect((await send(ingest, 'POST', '/v1/events', token, { topic: 'a', data: '' })).status).toBe(401);
  });

  test('a ticket works once, of all who use it at once on both edges', async () => {
    const issued = await send(here, 'POST', '/v1/tickets', await mint({ sub: 'guest', tidings: ALL }));
    expect(issued).toMatchObject({ status: 201, body: { expiresIn: 30 } });
    const uses = Array.from({ length: 10 }, (_, each) =>
      open(each % 2 === 0 ? here : there, `topic=a&access_token=${issued.body.ticket}`),
    );
    const statuses = (await Promise.all(uses)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: 9 }, () => 401)]);
  });

  test('while the nats-server is away all of it fails closed, streams stay, and afterwards it works again', async () => {
    const token = await mint({ sub: 'patient', jti: 'patient', tidings: ALL });
    const revoked = await mint({ sub: 'gone', jti: 'gone', tidings: ALL });
    expect((await send(there, 'POST', '/v1/revocations', await admin(), { jti: 'gone' })).status).toBe(204);
    const { ticket } = (await send(here, 'POST', '/v1/tickets', token)).body;
    const client = await openLive(here, 'topic=calm', token);
    const requests: readonly [method: string, path: string, body?: object][] = [
      ['PATCH', client.path, { add: ['b'] }],
      ['GET', '/v1/sessions'],
      ['GET', client.path],
      ['DELETE', client.path],
      ['GET', '/v1/topics/calm/presence'],
      ['POST', '/v1/revocations', { jti: 'patient' }],
      ['POST', '/v1/tickets'],
    ];
    await nats.kill();
    await Promise.all(
      requests.map(async ([method, path, body]) => {
        const answer = await send(there, method, path, method === 'POST' ? await admin() : token, body);
        expect([method, path, answer.status, answer.body?.code]).toEqual([method, path, 503, 'unavailable']);
        expect(Number(answer.retryAfter)).toBeGreaterThanOrEqual(1);
      }),
    );
    expect((await open(there, `topic=calm&client=t/1&access_token=${ticket}`)).status).toBe(503);
    expect((await open(there, 'topic=calm&client=t/1', revoked)).status).toBe(401);
    expect(client.ended).toBe(false);

    await nats.restart();
    // What was asked for meanwhile was not done, and is not done now.
    const change = async (): Promise<number> => (await send(there, 'PATCH', client.path, token, { add: ['b'] })).status;
    await expect.poll(change, { timeout: 15_000 }).toBe(200);
    expect((await send(there, 'GET', client.path, token)).body.topics).toEqual(['calm', 'b']);
    expect((await open(there, 'topic=calm', revoked)).status).toBe(401);
    expect((await send(there, 'GET', '/v1/topics/calm/presence', token)).body.subscribers).toBe(1);
    expect((await send(there, 'POST', '/v1/tickets', token)).status).toBe(201);
    await publish('b', 'on');
    await client.until(() => payloads(client).includes('on'));
    expect((await send(there, 'POST', '/v1/revocations', await admin(), { jti: 'patient' })).status).toBe(204);
    expect(await byeOf(client)).toBe('revoked');
  });
});
