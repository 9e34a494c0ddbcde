import { openStream, request, type StreamClient } from '@tidings/runtime/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startTestHub, type TestHub } from './fixture.ts';

/** Ours: a stream that is open, its user's token, and what history holds. */
interface Site {
  readonly hub: TestHub;
  readonly token: string;
  readonly client: StreamClient;
  readonly session: string;
  /** The id of an event that waits. */
  readonly scheduled: string;
}

const EVERYTHING = { subscribe: ['>'], publish: ['>'], admin: true };
const payloads = (client: StreamClient): string[] => client.published().map(({ data }) => data);

async function send(hub: TestHub, token: string, method: string, path: string, body?: unknown): Promise<Response> {
  return request(`${hub.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function listen(hub: TestHub, query: string, headers: Record<string, string>): Promise<StreamClient> {
  const client = await openStream(`${hub.url}/v1/stream?${query}`, { headers });
  onTestFinished(() => client.destroy());
  if (client.status === 200) await client.event('hub.live');
  return client;
}

async function startSite(): Promise<Site> {
  const hub = await startTestHub({ TIDINGS_JOURNAL_MAX_BYTES: '1000000' });
  const token = await hub.token(EVERYTHING, { jti: 'same' });
  for (const topic of ['orders.1', 'user.alice']) await send(hub, token, 'POST', '/v1/events', { topic, data: 'ours' });
  const client = await listen(hub, 'topic=%3E', { authorization: `Bearer ${token}` });
  const later = { topic: 'orders.1', data: 'later', delay: 3_600 };
  const { schedule } = await (await send(hub, token, 'POST', '/v1/events', later)).json();
  return { hub, token, client, session: `${client.headers['tidings-session']}`, scheduled: schedule.id };
}

/** What the same user name, as an admin who may do everything in another tenant, makes of each request. */
type Attempt = (site: Site, theirs: string) => Promise<void>;

const expectEmptyStream = async ({ hub, token }: Site, theirs: string, query: string): Promise<void> => {
  const spy = await listen(hub, query, { authorization: `Bearer ${theirs}` });
  await send(hub, token, 'POST', '/v1/events', { topic: 'orders.1', data: 'ours' });
  await send(hub, theirs, 'POST', '/v1/events', { topic: 'spied', data: 'theirs' });
  await spy.until(() => payloads(spy).length > 0);
  expect(payloads(spy)).toEqual(['theirs']);
};
const expectStatus =
  (status: number, method: string, pathOf: (site: Site) => string, body?: unknown): Attempt =>
  async (site, theirs) => {
    expect((await send(site.hub, theirs, method, pathOf(site), body)).status).toBe(status);
  };
const expectBody =
  (method: string, path: string, expected: object): Attempt =>
  async ({ hub }, theirs) => {
    expect(await (await send(hub, theirs, method, path)).json()).toMatchObject(expected);
  };
const session = ({ session: id }: Site): string => `/v1/sessions/${id}`;
const scheduled = ({ scheduled: id }: Site): string => `/v1/schedules/${id}`;

// In this order: those that open streams of their own come last.
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'GET /v1/topics/{topic}/presence': expectBody('GET', '/v1/topics/orders.1/presence', { subscribers: 0, users: [] }),
  'GET /v1/sessions': expectBody('GET', '/v1/sessions', { sessions: [] }),
  'GET /v1/stream': (site, theirs) => expectEmptyStream(site, theirs, 'topic=%3E&replay=all'),
  'POST /v1/stream': async ({ hub, token }, theirs) => {
    const client = await openStream(`${hub.url}/v1/stream`, {
      method: 'POST',
      headers: { authorization: `Bearer ${theirs}`, 'content-type': 'application/json' },
      body: JSON.stringify({ topic: ['>', 'user.alice'], replay: 'last' }),
    });
    onTestFinished(() => client.destroy());
    await client.event('hub.live');
    await send(hub, token, 'POST', '/v1/events', { user: 'alice', data: 'ours' });
    await send(hub, theirs, 'POST', '/v1/events', { topic: 'spied', data: 'theirs' });
    await client.until(() => payloads(client).length > 0);
    expect(payloads(client)).toEqual(['theirs']);
  },
  'GET /v1/topics/{topic}/events': expectBody('GET', '/v1/topics/orders.%3E/events', { events: [] }),
  // The position is everybody's: it tells how much was published in all, and nothing of it.
  'GET /v1/position': expectStatus(200, 'GET', () => '/v1/position'),
  'GET /v1/explain': async ({ hub, client, session: id }, theirs) => {
    const answer = await send(hub, theirs, 'GET', `/v1/explain?user=alice&event=${client.lastEventId}`);
    const { event, sessions } = await answer.json();
    expect(event.state).toBe('gone');
    expect(sessions.map((each: { id: string }) => each.id)).not.toContain(id);
  },
  'GET /v1/sessions/{id}': expectStatus(404, 'GET', session),
  'PATCH /v1/sessions/{id}': expectStatus(404, 'PATCH', session, { remove: ['>'] }),
  'DELETE /v1/sessions/{id}': expectStatus(404, 'DELETE', session),
  'GET /v1/schedules': expectBody('GET', '/v1/schedules', { schedules: [] }),
  'GET /v1/schedules/{id}': expectStatus(404, 'GET', scheduled),
  'DELETE /v1/schedules/{id}': expectStatus(404, 'DELETE', scheduled),
  'POST /v1/revocations': async (site, theirs) => {
    for (const body of [{ user: 'alice', issuedBefore: 1 }, { jti: 'same' }])
      await expectStatus(204, 'POST', () => '/v1/revocations', body)(site, theirs);
  },
  'POST /v1/tickets': async (site) => {
    // With a token of its own: the one above may be revoked by now.
    const theirs = await site.hub.token(EVERYTHING, { tenant: 'acme' });
    const { ticket } = await (await send(site.hub, theirs, 'POST', '/v1/tickets')).json();
    const spy = await listen(site.hub, `topic=orders.1&replay=all&access_token=${ticket}`, {});
    expect(spy.events.map(({ event }) => event)).toEqual(['hub.hello', 'hub.live']);
  },
  'GET /v1/users/{user}/inbox': expectBody('GET', '/v1/users/alice/inbox', { unread: 0, events: [] }),
  'PATCH /v1/users/{user}/inbox/read': async (site, theirs) => {
    const inbox = async (token: string) => (await send(site.hub, token, 'GET', '/v1/users/alice/inbox')).json();
    const { at } = await inbox(theirs);
    await expectStatus(200, 'PATCH', () => '/v1/users/alice/inbox/read', { upTo: at })(site, theirs);
    expect(await inbox(site.token)).toMatchObject({ unread: 2, revision: 0 });
  },
  // There is no hook here: a token opens none.
  'POST /v1/hooks/{name}': expectStatus(404, 'POST', () => '/v1/hooks/any', {}),
  'POST /v1/events': expectStatus(202, 'POST', () => '/v1/events', { topic: 'orders.1', data: 'theirs' }),
  'POST /v1/topics/{topic}/events': expectStatus(202, 'POST', () => '/v1/topics/orders.1/events', 'theirs'),
  'POST /v1/users/{user}/events': expectStatus(202, 'POST', () => '/v1/users/alice/events', 'theirs'),
  'DELETE /v1/topics/{topic}/events': expectStatus(204, 'DELETE', () => '/v1/topics/%3E/events'),
  'DELETE /v1/users/{user}/events': expectStatus(204, 'DELETE', () => '/v1/users/alice/events'),
};

test('section 3: a ticket opens a stream, and neither publishes nor erases nor revokes', async () => {
  const hub = await startTestHub();
  const token = await hub.token(EVERYTHING);
  for (const [method, path, body] of [
    ['POST', '/v1/events', { topic: 'a', data: 1 }],
    ['DELETE', '/v1/topics/a/events', undefined],
    ['POST', '/v1/revocations', { user: 'bob' }],
  ] as const) {
    const { ticket } = await (await send(hub, token, 'POST', '/v1/tickets')).json();
    const answer = await request(`${hub.url}${path}?access_token=${ticket}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    expect([path, answer.status, (await answer.json()).code]).toEqual([path, 403, 'forbidden']);
  }
});

test('section 1: nothing crosses a tenant: every request of the API, with another tenant’s token, neither reads nor changes ours', async () => {
  const site = await startSite();
  const { hub, token, client } = site;
  const { paths } = await (await request(`${hub.url}/openapi.json`)).json();
  const requests = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // A request that is added to the API needs an attempt here.
  expect(Object.keys(ATTEMPTS).sort()).toEqual(requests.sort());

  for (const [name, attempt] of Object.entries(ATTEMPTS)) {
    const theirs = await hub.token(EVERYTHING, { tenant: 'acme', jti: `theirs of ${name}` });
    await attempt(site, theirs);
  }

  expect((await send(hub, token, 'GET', scheduled(site))).status).toBe(200);
  const history = await (await send(hub, token, 'GET', '/v1/topics/%3E/events?limit=1000')).json();
  const kept = history.events.map(({ data }: { data: string }) => data);
  expect(new Set(kept)).toEqual(new Set(['ours']));
  expect(kept).toHaveLength(4);
  await send(hub, token, 'POST', '/v1/events', { topic: 'last', data: 'last' });
  await client.until(() => payloads(client).includes('last'));
  expect(payloads(client)).toEqual(['ours', 'ours', 'last']);
  expect(client.events.map(({ event }) => event)).not.toContain('hub.topics');
  expect(client.ended).toBe(false);
});
