import { createMemoryBus } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { openLive, send, startPair } from './control-fixture.ts';
import { eventually } from './eventually.ts';
import { publishUntilLagging, startEdge } from './fixture.ts';
import { controlOf, names, payloadsUntil } from './received.ts';

const ADMIN = { admin: true, subscribe: ['>'] };

describe('section 8: sessions are listed, inspected and closed on whichever edge is asked', () => {
  it('an admin sees those of all edges, with what each is', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const alice = await openLive(here, 'topic=a&topic=b.*', await here.token());
    const bob = await openLive(there, 'topic=b.1', await there.token({ subscribe: ['>'] }, { sub: 'bob' }));
    await here.publish('a', 'one');
    await payloadsUntil(alice.client, 'one');
    const admin = await here.token(ADMIN, { sub: 'root' });
    const { status, body } = await send(there, 'GET', '/v1/sessions', admin);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['sessions']);
    const [first, second] = [alice.id, bob.id].map((id) =>
      body.sessions.find((each: { id: string }) => each.id === id),
    );
    expect(first).toEqual({
      id: alice.id,
      user: 'alice',
      topics: ['a', 'b.*'],
      edge: alice.id.slice(0, 8),
      since: new Date(clock.now()).toISOString(),
      delivered: 1,
      lag: 0,
      cursor: alice.client.lastEventId,
      bytes: expect.any(Number),
    });
    expect(second).toMatchObject({ user: 'bob', topics: ['b.1'], delivered: 0, edge: bob.id.slice(0, 8) });
    expect(first.edge).not.toBe(second.edge);
    const one = await send(here, 'GET', bob.path, admin);
    expect([one.status, one.body]).toEqual([200, second]);
  });

  it('they are found by user, and by a topic that they get, by pattern too', async () => {
    const { here, there } = await startPair();
    const ids: string[] = [];
    for (const [edge, sub, query] of [
      [here, 'alice', 'topic=orders.1'],
      [there, 'alice', 'topic=orders.*'],
      [here, 'bob', 'topic=%3E'],
      [there, 'bob', 'topic=chat.1'],
    ] as const) {
      ids.push((await openLive(edge, query, await edge.token({ subscribe: ['>'] }, { sub }))).id);
    }
    const admin = await here.token(ADMIN, { sub: 'root' });
    const find = async (query: string): Promise<number[]> => {
      const { body } = await send(here, 'GET', `/v1/sessions?${query}`, admin);
      return body.sessions.map(({ id }: { id: string }) => ids.indexOf(id)).sort();
    };
    expect(await find('user=alice')).toEqual([0, 1]);
    expect(await find('topic=orders.1')).toEqual([0, 1, 2]);
    expect(await find('topic=orders.1&user=bob')).toEqual([2]);
    expect(await find('topic=nobody')).toEqual([2]);
    expect(await find('user=carol')).toEqual([]);
  });

  it('pages of them hold each once, in the order of their ids', async () => {
    const { here, there } = await startPair();
    const ids: string[] = [];
    for (let each = 0; each < 12; each += 1) {
      const edge = each % 3 === 0 ? there : here;
      ids.push((await openLive(edge, `topic=t.${each}`, await edge.token())).id);
    }
    const admin = await here.token(ADMIN);
    const seen: string[] = [];
    let after: string | undefined = '';
    for (let pages = 0; after !== undefined && pages < 10; pages += 1) {
      const { body } = await send(here, 'GET', `/v1/sessions?limit=5&after=${after}`, admin);
      expect(body.sessions.length).toBeLessThanOrEqual(5);
      seen.push(...body.sessions.map(({ id }: { id: string }) => id));
      after = body.next;
    }
    expect(seen).toEqual(ids.toSorted());
  });

  it('a user sees only their own, and may not ask for those of others', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const own = await openLive(here, 'topic=a', token);
    const others = await openLive(there, 'topic=a', await there.token({ subscribe: ['>'] }, { sub: 'bob' }));
    const listed = await send(there, 'GET', '/v1/sessions', token);
    expect(listed.body.sessions.map(({ id }: { id: string }) => id)).toEqual([own.id]);
    expect((await send(there, 'GET', '/v1/sessions?user=alice', token)).body).toEqual(listed.body);
    expect((await send(there, 'GET', '/v1/sessions?user=bob', token)).status).toBe(403);
    expect((await send(there, 'GET', others.path, token)).status).toBe(404);
    expect((await send(there, 'DELETE', others.path, token)).status).toBe(404);
    expect((await send(there, 'GET', '/v1/sessions', undefined)).status).toBe(401);
    const nobody = await here.token({ subscribe: ['>'] }, { sub: undefined });
    expect((await send(there, 'GET', '/v1/sessions', nobody)).status).toBe(403);
    expect(others.client.ended).toBe(false);
  });

  it('one that is closed is told hub.bye kicked, may come back, and is gone for who closes it again', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const byAdmin = await openLive(here, 'topic=a', token);
    const byUser = await openLive(here, 'topic=a', token);
    const closed = await send(there, 'DELETE', byAdmin.path, await there.token(ADMIN, { sub: 'root' }));
    expect([closed.status, closed.body]).toEqual([204, undefined]);
    await byAdmin.client.end();
    expect(names(byAdmin.client)).toEqual(['hub.hello', 'hub.live', 'hub.bye']);
    expect(await controlOf(byAdmin.client, 'hub.bye')).toMatchObject({ reason: 'kicked' });
    expect((await send(there, 'DELETE', byAdmin.path, token)).status).toBe(404);
    expect(byUser.client.ended).toBe(false);
    expect((await send(there, 'DELETE', byUser.path, token)).status).toBe(204);
    await byUser.client.end();
    await openLive(here, 'topic=a', token);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=x', 'limit'],
    ['topic=a.*', 'topic'],
    ['user=a&user=b', 'user'],
    ['page=2', 'page'],
  ])('the query %s is 422 and named', async (query, parameter) => {
    const edge = await startEdge();
    const { status, body } = await send(edge, 'GET', `/v1/sessions?${query}`, await edge.token(ADMIN));
    expect([status, body.parameter]).toEqual([422, parameter]);
  });

  it('ids of a node ascend, are another at each stream, and fit where an event names whom to leave out', async () => {
    const edge = await startEdge();
    const token = await edge.token();
    const ids: string[] = [];
    for (let each = 0; each < 3; each += 1) ids.push((await openLive(edge, 'topic=a', token)).id);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids.map((id) => id.slice(18))).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{8}-[0-9a-z]{8}-[\w-]{22}$/);
    const [first, second] = await Promise.all([edge.stream('topic=b'), edge.stream('topic=b')]);
    const session = `${(await controlOf(first, 'hub.hello')).session}`;
    await Promise.all([first.event('hub.live'), second.event('hub.live')]);
    await edge.publish('b', 'not to the sender', { exclude: session });
    await edge.publish('b', 'to both');
    expect(await payloadsUntil(first, 'to both')).toEqual(['to both']);
    expect(await payloadsUntil(second, 'to both')).toEqual(['not to the sender', 'to both']);
  });

  it('an edge that has left is not asked any more', async () => {
    const bus = createMemoryBus();
    const here = await startEdge({ bus });
    const there = await startEdge({ bus });
    const { client, path } = await openLive(here, 'topic=a', await here.token());
    const admin = await there.token(ADMIN);
    await here.cluster.close();
    expect((await send(there, 'GET', '/v1/sessions', admin)).body).toEqual({ sessions: [] });
    expect((await send(there, 'DELETE', path, admin)).status).toBe(404);
    client.destroy();
    await eventually(() => here.edge.openStreams === 0);
  });
});

describe('an edge that has lost touch with the others', () => {
  it('sends a stream that lags nothing of the past, which may have been erased, until it is in touch again', async () => {
    const edge = await startEdge({ settings: { lagMaxBytes: 4_096 } });
    const { client } = await openLive(edge, 'topic=a', await edge.token());
    client.pause();
    const publish = (place: number) => edge.publish('a', `${place} ${'x'.repeat(10_000)}`);
    const published = await publishUntilLagging(edge, publish, 300);
    let inTouch = false;
    Object.defineProperty(edge.cluster, 'inTouch', { get: () => inTouch });
    const delivered = async (): Promise<number> => (await edge.metrics.eventsDelivered.get()).values[0]?.value ?? 0;
    const written = await delivered();
    client.resume();
    await client.until(() => client.published().length === written);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await delivered()).toBe(written);
    expect(written).toBeLessThan(published);
    inTouch = true;
    await client.until(() => client.published().length === published);
  });

  it('opens no stream and reads no history, keeps the streams that it has, and asks nobody', async () => {
    const edge = await startEdge();
    const token = await edge.token(ADMIN);
    const { client } = await openLive(edge, 'topic=a', token);
    await edge.cluster.close();
    const native = await edge.stream('topic=a', {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    });
    await native.end();
    expect([native.status, names(native)]).toEqual([200, ['hub.bye']]);
    expect(await controlOf(native, 'hub.bye')).toMatchObject({ reason: 'unavailable' });
    for (const [method, path] of [
      ['GET', '/v1/stream?topic=a&client=sdk/1.0'],
      ['GET', '/v1/topics/a/events'],
      ['GET', '/v1/sessions'],
      ['GET', '/v1/topics/a/presence'],
      ['POST', '/v1/tickets'],
    ] as const) {
      const answer = await send(edge, method, path, token);
      expect([path, answer.status, answer.body.code]).toEqual([path, 503, 'unavailable']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    await edge.publish('a', 'still');
    expect(await payloadsUntil(client, 'still')).toEqual(['still']);
  });
});
