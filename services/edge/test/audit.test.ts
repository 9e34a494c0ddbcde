import { createMemoryBus, createMemoryCluster, type MemoryBus } from '@tidings/broker/memory';
import { createControl } from '@tidings/control';
import {
  type Clock,
  createClientAddress,
  createLogger,
  createPublicServer,
  createServiceApp,
  type ServiceApp,
  systemClock,
} from '@tidings/runtime';
import { createFakeClock, request, type StreamClient, toOrigin } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';
import { ALLOWED_ORIGIN, NATIVE, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, payloadsUntil } from './received.ts';

const JSON_BODY = { 'content-type': 'application/json' };

/** A service without streams on the same bus, as an ingest is, with a request of each kind that is recorded there. */
async function startWriter(
  bus: MemoryBus,
  clock: Clock = systemClock,
): Promise<{ send(tenant: string, act: string): Promise<void> }> {
  const cluster = createMemoryCluster({ bus, clock });
  const log = createLogger('writer', 'silent', { write: () => {} });
  const { audit } = createControl(cluster, log, clock);
  const app: ServiceApp = createServiceApp({
    log,
    clientAddress: createClientAddress([]),
    corsOrigin: () => undefined,
    onProblem: audit.noteProblem,
  });
  app.post('/:tenant/:did', (context) => {
    const { tenant, did } = context.req.param();
    context.set('caller', { tenant, user: 'bob', tokenId: 'token-7' });
    audit.record(context, { did: did as 'published' | 'erased', topics: ['orders.42'], events: 3 });
    return new Response(null, { status: 204 });
  });
  const server = createPublicServer({ fetch: (asked, env) => app.fetch(asked, env), log });
  const port = await server.listen('127.0.0.1', 0);
  await cluster.open();
  onTestFinished(async () => {
    await server.close(0);
    await cluster.close();
  });
  return {
    async send(tenant, act) {
      const { status } = await fetch(`http://127.0.0.1:${port}/${tenant}/${act}`, { method: 'POST' });
      expect(status).toBe(204);
    },
  };
}

/** Notices of a name that anybody on the bus tells. */
async function overhear(bus: MemoryBus, name: string): Promise<unknown[]> {
  const cluster = createMemoryCluster({ bus });
  const notices: unknown[] = [];
  cluster.hear(name, (body) => notices.push(body));
  await cluster.open();
  onTestFinished(() => cluster.close());
  return notices;
}

const claimsOf = (token: string): { readonly jti: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());

const admin = (edge: TestEdge, claims: object = {}): Promise<string> =>
  edge.token({ admin: true, subscribe: ['>'] }, { sub: 'root', ...claims });

async function follow(edge: TestEdge, query: string, claims: object = {}): Promise<StreamClient> {
  const client = await edge.stream(query, { headers: { authorization: `Bearer ${await admin(edge, claims)}` } });
  await client.event('hub.live');
  return client;
}

const recordsOf = (client: StreamClient): Record<string, unknown>[] =>
  client.events.filter(({ event }) => event === 'audit').map(({ data }) => JSON.parse(data));

const untilRecorded = (client: StreamClient, deed: string): Promise<StreamClient> =>
  client.until(() => recordsOf(client).some(({ audit }) => audit === deed));

function ask(edge: TestEdge, method: string, path: string, token: string, body?: object): Promise<Response> {
  return request(`${toOrigin(edge.port)}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && JSON_BODY) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

describe('$hub.audit', () => {
  it('what is done on any node reaches the admins of its tenant on every edge, once, and no other tenant', async () => {
    const bus = createMemoryBus();
    const [here, there] = [await startEdge({ bus }), await startEdge({ bus })];
    const writer = await startWriter(bus);
    const own = await follow(here, 'topic=%24hub.audit');
    const foreign = await follow(here, 'topic=%24hub.audit&topic=%3E', { tenant: 'acme' });
    const token = await there.token({ subscribe: ['a.>'] });
    const { jti: tokenId } = claimsOf(token);
    const bearer = { authorization: `Bearer ${token}` };

    await writer.send('default', 'published');
    await writer.send('default', 'erased');
    const stream = await there.stream('topic=a.%3E', { headers: bearer });
    const { session } = await controlOf(stream, 'hub.hello');
    await ask(there, 'PATCH', `/v1/sessions/${session}`, token, { add: ['a.b'] });
    expect((await there.stream('topic=b', { headers: bearer })).status).toBe(403);
    const { ticket } = (await (await ask(there, 'POST', '/v1/tickets', token)).json()) as { ticket: string };
    // The edge that is asked is not the one that has the stream.
    expect((await ask(here, 'DELETE', `/v1/sessions/${session}`, await admin(here))).status).toBe(204);
    expect((await ask(there, 'POST', '/v1/revocations', await admin(there), { user: 'alice' })).status).toBe(204);
    await untilRecorded(own, 'revoked');
    await writer.send('acme', 'published');
    await untilRecorded(foreign, 'published');

    const records = recordsOf(own);
    const known = {
      tenant: 'default',
      address: '127.0.0.1',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      time: expect.any(String),
      node: expect.any(String),
    };
    const alice = { ...known, user: 'alice', tokenId };
    const one = (deed: string): object[] => records.filter(({ audit, user }) => audit === deed && user !== 'root');
    const writes = { ...known, user: 'bob', tokenId: 'token-7', topics: ['orders.42'], topicCount: 1, events: 3 };
    expect(one('published')).toEqual([{ audit: 'published', ...writes }]);
    expect(one('erased')).toEqual([{ audit: 'erased', ...writes }]);
    expect(one('subscribed')).toEqual([{ audit: 'subscribed', ...alice, session, topics: ['a.>'], topicCount: 1 }]);
    expect(one('changed')).toEqual([{ audit: 'changed', ...alice, session, topics: ['a.>', 'a.b'], topicCount: 2 }]);
    expect(one('refused')).toEqual([{ audit: 'refused', ...alice, code: 'forbidden', request: 'GET /v1/stream' }]);
    expect(one('ticket-issued')).toEqual([{ audit: 'ticket-issued', ...alice }]);
    const root = { ...known, user: 'root', tokenId: expect.any(String) };
    expect(records.filter(({ audit }) => audit === 'kicked')).toEqual([{ audit: 'kicked', ...root, session }]);
    expect(records.filter(({ audit }) => audit === 'revoked')).toEqual([
      { audit: 'revoked', ...root, revoked: { user: 'alice' } },
    ]);
    // Live alone: no id, so that a reconnect resumes where the log is.
    expect(own.events.every(({ lastEventId }) => lastEventId === own.events[0]?.lastEventId)).toBe(true);
    expect(recordsOf(foreign).every(({ tenant }) => tenant === 'acme')).toBe(true);

    const lines = JSON.stringify([...here.lines, ...there.lines].filter(({ msg }) => msg === 'audit'));
    for (const secret of [ticket, token.split('.')[2] as string]) {
      expect(lines).not.toContain(secret);
      expect(own.text).not.toContain(secret);
    }
  });

  it('section 2: is for admins, by its name: 403 for everybody else, and for every pattern but those of topics', async () => {
    const edge = await startEdge({ classes: { '>': { public: true } } });
    const reader = await edge.token({ subscribe: ['>', '$hub.audit', '$hub.>'] });
    const root = await admin(edge);
    const stream = async (topic: string, token?: string): Promise<number> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await edge.stream(`topic=${encodeURIComponent(topic)}`, { headers })).status;
    };
    expect(await stream('$hub.audit', reader)).toBe(403);
    expect(await stream('$hub.metrics', reader)).toBe(403);
    expect(await stream('$hub.audit')).toBe(401);
    expect(await stream('$hub.*', root)).toBe(403);
    expect(await stream('$hub.>', root)).toBe(403);
    expect(await stream('$hub.other', root)).toBe(403);
    expect(await stream('$hub.audit', root)).toBe(200);
    expect((await ask(edge, 'POST', '/v1/stream', reader, { topic: ['$hub.audit'] })).status).toBe(403);
    const path = '/v1/topics/%24hub.audit';
    expect((await ask(edge, 'GET', `${path}/events`, reader)).status).toBe(403);
    expect(await (await ask(edge, 'GET', `${path}/events`, root)).json()).toMatchObject({ events: [] });
    expect((await ask(edge, 'GET', `${path}/presence`, root)).status).toBe(422);
  });

  it('is added to a live stream and taken from it, and a newer token that is no admin’s ends it', async () => {
    const edge = await startEdge();
    const client = await follow(edge, 'topic=a&replay=all&format=envelope');
    const everything = await edge.stream('topic=%3E');
    await everything.event('hub.live');
    const { session } = await controlOf(client, 'hub.hello');
    const path = `/v1/sessions/${session}`;
    const reader = await edge.token({ subscribe: ['>'] }, { sub: 'root' });
    expect((await ask(edge, 'PATCH', path, reader, { add: ['$hub.audit'] })).status).toBe(403);
    const added = await ask(edge, 'PATCH', path, await admin(edge), { add: [{ topic: '$hub.audit', replay: 'all' }] });
    expect(await added.json()).toEqual({ topics: ['a', '$hub.audit'] });
    await ask(edge, 'POST', '/v1/tickets', reader);
    await client.until(() => client.events.some(({ data }) => data.includes('ticket-issued')));
    const envelopes = client.events.filter(({ event }) => event === 'audit').map(({ data }) => JSON.parse(data));
    expect(envelopes.at(-1)).toMatchObject({ topic: '$hub.audit', event: 'audit', data: { tenant: 'default' } });
    const later = await edge.token({ subscribe: ['>'] }, { sub: 'root' }, 7_200);
    expect(await (await ask(edge, 'PATCH', path, later)).json()).toEqual({ topics: ['a'] });
    expect(await controlOf(client, 'hub.gap')).toMatchObject({ reason: 'forbidden' });
    await edge.publish('a', 'last');
    expect(await payloadsUntil(everything, 'last')).toEqual(['last']);
  });

  it('nothing is told while nobody follows, nor three seconds after the last follower has left', async () => {
    const bus = createMemoryBus();
    const clock = createFakeClock();
    const edge = await startEdge({ bus, clock });
    const silent = await startEdge({ bus, clock, auditLevel: 'off' });
    const writer = await startWriter(bus, clock);
    const [notices, wanted] = [await overhear(bus, 'audit'), await overhear(bus, 'hub-topics-wanted')];
    const publish = async (): Promise<number> => {
      const before = notices.length;
      await writer.send('default', 'published');
      clock.advance(100);
      return notices.length - before;
    };
    await (await edge.stream('topic=a')).event('hub.live');
    expect(await publish()).toBe(0);
    clock.advance(5_000);
    expect(wanted).toEqual([]);

    const client = await follow(edge, 'topic=%24hub.audit');
    await ask(silent, 'POST', '/v1/tickets', await admin(silent));
    expect(await publish()).toBe(1);
    // It is said again every second, for as long as it is so.
    clock.advance(60_000);
    expect(await publish()).toBe(1);
    await client.until(() => recordsOf(client).filter(({ audit }) => audit === 'published').length === 2);
    expect(recordsOf(client).some(({ audit }) => audit === 'ticket-issued')).toBe(false);
    client.destroy();
    await eventually(() => edge.edge.openStreams === 1);
    clock.advance(3_000);
    const announced = wanted.length;
    expect(await publish()).toBe(0);
    clock.advance(5_000);
    expect(wanted).toHaveLength(announced);
  });

  it('a refusal that a native EventSource is told softly is recorded as what others are told', async () => {
    const edge = await startEdge({ settings: { maxConnectionsPerUser: 1 } });
    const expired = await edge.token({ subscribe: ['>'] }, {}, -60);
    const status = async (token: string): Promise<number> =>
      (await edge.stream('topic=a', { headers: { ...NATIVE, authorization: `Bearer ${token}` } })).status;
    const token = await edge.token();
    expect([await status(token), await status(token), await status(expired)]).toEqual([200, 200, 200]);
    const preflight = await request(`${edge.url}/v1/stream`, {
      method: 'OPTIONS',
      headers: { origin: `${ALLOWED_ORIGIN}.evil.example` },
    });
    expect(preflight.status).toBe(403);
    const records = edge.lines.filter(({ msg }) => msg === 'audit');
    expect(records.map(({ audit, code }) => [audit, code])).toEqual([
      ['subscribed', undefined],
      ['refused', 'too-many-streams'],
      ['refused', 'unauthenticated'],
      ['refused', 'forbidden-origin'],
    ]);
  });
});
