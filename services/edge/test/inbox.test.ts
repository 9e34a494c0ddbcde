import type { Broker } from '@tidings/broker';
import { createMemoryBus } from '@tidings/broker/memory';
import { encodeCursor, TidingsError } from '@tidings/protocol';
import { createFakeClock, request } from '@tidings/runtime/testing';
import { expect, it } from 'vitest';
import { openLive, send } from './control-fixture.ts';
import { eventually } from './eventually.ts';
import { ALLOWED_ORIGIN, startEdge, type TestEdge } from './fixture.ts';
import { controlOf } from './received.ts';

const INBOX = '/v1/users/alice/inbox';

/** Publishes to a user's topic, one number each, and answers their cursors. */
async function notify(edge: TestEdge, count: number, from = 1, topic = 'user.alice'): Promise<string[]> {
  for (let number = from; number < from + count; number += 1) await edge.publish(topic, { number });
  const { body } = await send(edge, 'GET', `${INBOX}?limit=${count}`, await edge.token({}));
  return body.events.map(({ id }: { id: string }) => id).reverse();
}

const read = async (edge: TestEdge, body: object, token?: string) =>
  send(edge, 'PATCH', `${INBOX}/read`, token ?? (await edge.token({})), body);

it('an inbox lists what is kept for its user, newest first, page by page, and counts what is not read', async () => {
  const edge = await startEdge();
  const token = await edge.token({});
  await edge.publish('user.alice.other', 'below');
  await edge.publish('user.bob', 'of another');
  await edge.publish('user.alice', 'passing', { store: false });
  const ids = await notify(edge, 5);
  const first = await send(edge, 'GET', `${INBOX}?limit=2`, token);
  expect(first.status).toBe(200);
  expect(first.headers.get('cache-control')).toBe('no-store');
  expect(first.body).toMatchObject({ unread: 5, at: ids[4], revision: 0, next: ids[3] });
  expect(first.body.events).toMatchObject([
    { id: ids[4], topic: 'user.alice', data: { number: 5 }, read: false },
    { id: ids[3], topic: 'user.alice', data: { number: 4 }, read: false },
  ]);
  const marked = await read(edge, { upTo: ids[1], ids: [ids[3]] });
  expect([marked.status, marked.body]).toMatchObject([200, { unread: 2, upTo: ids[1], ids: [ids[3]], at: ids[4] }]);
  const second = await send(edge, 'GET', `${INBOX}?limit=2&before=${first.body.next}`, token);
  expect(second.body).toMatchObject({ unread: 2, next: ids[1], revision: marked.body.revision });
  expect(second.body.events.map(({ id, read }: { id: string; read: boolean }) => [id, read])).toEqual([
    [ids[2], false],
    [ids[1], true],
  ]);
  const last = await send(edge, 'GET', `${INBOX}?limit=2&before=${second.body.next}`, token);
  expect(last.body.events).toMatchObject([{ id: ids[0], read: true }]);
  expect(last.body).not.toHaveProperty('next');
  // Marks only move forward.
  expect((await read(edge, { upTo: ids[0] })).body).toMatchObject({ unread: 2, upTo: ids[1] });
  expect((await read(edge, { ids: [ids[0]] })).body.revision).toBe(marked.body.revision);
});

it('what has expired is not unread, and what is left is counted from history where a page does not reach', async () => {
  const clock = createFakeClock();
  const edge = await startEdge({ clock });
  const token = await edge.token({}, {}, 86_000);
  for (let at = 0; at < 3; at += 1) await edge.publish('user.alice', 'short', { ttlSec: 60 });
  for (let at = 0; at < 4; at += 1) await edge.publish('user.alice', 'long');
  const unread = async (): Promise<number> => (await send(edge, 'GET', `${INBOX}?limit=1`, token)).body.unread;
  expect(await unread()).toBe(7);
  clock.advance(61_000);
  expect(await unread()).toBe(4);
});

it('counts to 1,000 and says that there are more; single events are bounded beyond the oldest unread', async () => {
  const edge = await startEdge();
  const token = await edge.token({ admin: true });
  const ids: string[] = [];
  for (let at = 0; at < 1_005; at += 1) {
    const { epoch, seq } = await edge.publish('user.alice', `${at}`);
    ids.push(encodeCursor(epoch, seq));
  }
  expect((await send(edge, 'GET', INBOX, token)).body).toMatchObject({ unread: 1_000, more: true });
  let status = 200;
  // All but the oldest, from the newest on.
  for (let end = 1_005; end > 100; end -= 100)
    ({ status } = await read(edge, { ids: ids.slice(Math.max(1, end - 100), end) }, token));
  expect(status).toBe(200);
  const tooMany = await read(edge, { ids: ids.slice(1, 101) }, token);
  expect([tooMany.status, tooMany.body.code, tooMany.body.pointer]).toEqual([422, 'too-many-read', '/ids']);
  // With the oldest they are one stretch, and there is room again.
  const whole = await read(edge, { ids: ids.slice(0, 100) }, token);
  expect([whole.status, whole.body]).toMatchObject([200, { unread: 0, upTo: ids.at(-1) }]);
});

it('is for the user and for admins of the tenant; a cookie from a foreign page changes nothing', async () => {
  const edge = await startEdge();
  const [id] = await notify(edge, 1);
  const mark = { upTo: id };
  const bob = await edge.token({ subscribe: ['>'], publish: ['>'] }, { sub: 'bob' });
  expect((await send(edge, 'GET', INBOX, bob)).body.code).toBe('forbidden');
  expect((await read(edge, mark, bob)).status).toBe(403);
  expect((await send(edge, 'GET', INBOX, undefined)).status).toBe(401);
  const elsewhere = await edge.token({ admin: true }, { tenant: 'acme' });
  expect((await send(edge, 'GET', INBOX, elsewhere)).body.unread).toBe(0);
  const admin = await edge.token({ admin: true }, { sub: 'root' });
  expect((await send(edge, 'GET', INBOX, admin)).body.unread).toBe(1);
  const byCookie = async (origin: string) =>
    request(`${edge.url}${INBOX}/read`, {
      method: 'PATCH',
      headers: { cookie: `tidings=${await edge.token({})}`, origin, 'content-type': 'application/json' },
      body: JSON.stringify(mark),
    });
  const foreign = await byCookie('https://evil.example');
  expect([foreign.status, ((await foreign.json()) as { code: string }).code]).toEqual([403, 'forbidden-origin']);
  expect((await send(edge, 'GET', INBOX, admin)).body.unread).toBe(1);
  const own = await byCookie(ALLOWED_ORIGIN);
  expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, ALLOWED_ORIGIN]);
  expect((await send(edge, 'GET', INBOX, admin)).body.unread).toBe(0);
});

it('what can be no mark is refused, with its place', async () => {
  const edge = await startEdge();
  const [id] = await notify(edge, 1);
  const stale = `old${`${id}`.slice(`${id}`.indexOf('.'))}`;
  for (const [body, status, code, pointer] of [
    [{}, 422, 'invalid-field', '/upTo'],
    [{ ids: [] }, 422, 'invalid-field', '/upTo'],
    [{ upTo: 'x' }, 422, 'invalid-cursor', '/upTo'],
    [{ ids: [id, stale] }, 422, 'invalid-cursor', '/ids/1'],
    [{ ids: Array.from({ length: 101 }, () => id) }, 422, 'invalid-field', '/ids'],
    [{ upto: id }, 422, 'unknown-field', '/upto'],
  ] as const) {
    const answer = await read(edge, body);
    expect([answer.status, answer.body.code, answer.body.pointer]).toEqual([status, code, pointer]);
  }
  const other = await startEdge();
  const [foreign] = await notify(other, 1);
  expect((await read(edge, { upTo: foreign })).body).toMatchObject({ status: 410, code: 'cursor-gone' });
  expect((await send(edge, 'GET', `${INBOX}?before=x`, await edge.token({}))).body.code).toBe('invalid-cursor');
  expect((await send(edge, 'GET', '/v1/users/a%20b/inbox', await edge.token({ admin: true }))).body).toMatchObject({
    code: 'invalid-user',
    parameter: 'user',
  });
});

it('all streams of the user on all edges are told, once for each mark, and nobody else is', async () => {
  const bus = createMemoryBus();
  const [edge, there] = [await startEdge({ bus }), await startEdge({ bus })];
  const token = await edge.token({});
  const [id, next] = await notify(edge, 2);
  const { client } = await openLive(edge, '', token);
  const envelope = await openLive(there, 'topic=user.alice&format=envelope', token);
  const others = await openLive(there, 'topic=%3E', await edge.token({ subscribe: ['>'] }, { sub: 'root' }));
  const elsewhere = await openLive(there, '', await edge.token({}, { tenant: 'acme' }));
  const apart = await openLive(there, 'topic=orders.1', await edge.token({ subscribe: ['orders.*'] }));
  const { body } = await read(edge, { ids: [next] });
  // It may have failed before anybody was told: whoever was is told nothing new, and whoever was not has missed it.
  expect((await read(edge, { ids: [next] })).body).toEqual(body);
  const { body: all } = await read(edge, { upTo: id });
  for (const stream of [client, envelope.client]) {
    expect(await controlOf(stream, 'hub.read')).toEqual({ ...body, user: 'alice', after: 0 });
    const notices = () => stream.events.filter(({ event }) => event === 'hub.read').map(({ data }) => JSON.parse(data));
    await stream.until(() => notices().length === 3);
    expect(notices().slice(1)).toEqual([
      { ...body, user: 'alice', after: body.revision },
      { ...all, ids: [], user: 'alice', after: body.revision },
    ]);
  }
  for (const [at, topic] of (['user.x', 'user.alice', 'orders.1'] as const).entries()) {
    const stream = [others, elsewhere, apart][at]?.client;
    await there.publish(topic, 'last', { tenant: at === 1 ? 'acme' : 'default' });
    await stream?.until(() => stream.events.some(({ data }) => data === 'last'));
    expect(stream?.events.some(({ event }) => event === 'hub.read')).toBe(false);
  }
});

/** A broker whose history waits, and fails where that is rejected. */
const holding =
  (until: () => Promise<void>) =>
  (broker: Broker): Broker => ({
    ...broker,
    async *history(...asked) {
      await until();
      yield* broker.history(...asked);
    },
  });

it('a page that leaves while it marks something as read has its other tabs told all the same', async () => {
  let isAsked = false;
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const edge = await startEdge({
    wrapBroker: holding(() => {
      isAsked = true;
      return held;
    }),
  });
  const token = await edge.token({});
  const { client } = await openLive(edge, '', token);
  const { epoch, seq } = await edge.publish('user.alice', 'one');
  const leaving = new AbortController();
  const mark = request(`${edge.url}${INBOX}/read`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ids: [encodeCursor(epoch, seq)] }),
    signal: leaving.signal,
  });
  await eventually(() => isAsked);
  const left = new Promise((resolve) => [...edge.sockets].at(-1)?.once('close', resolve));
  leaving.abort();
  await expect(mark).rejects.toThrow();
  await left;
  letGo();
  expect(await controlOf(client, 'hub.read')).toMatchObject({ unread: 0, user: 'alice' });
});

it('a mark that failed once it was stored is told when it is repeated', async () => {
  let isAway = true;
  const edge = await startEdge({
    wrapBroker: holding(async () => {
      if (isAway) throw new TidingsError('unavailable', 'The broker is away.');
    }),
  });
  const { client } = await openLive(edge, '', await edge.token({}));
  const { epoch, seq } = await edge.publish('user.alice', 'one');
  const mark = { upTo: encodeCursor(epoch, seq) };
  await edge.publish('user.alice', 'two');
  expect((await read(edge, mark)).status).toBe(503);
  isAway = false;
  const { status, body } = await read(edge, mark);
  expect(status).toBe(200);
  // A page that knows of nothing before sees that it has missed some.
  expect(await controlOf(client, 'hub.read')).toEqual({ ...body, user: 'alice', after: body.revision });
});
