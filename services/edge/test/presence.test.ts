import { describe, expect, it } from 'vitest';
import { mergePresence } from '../src/presence.ts';
import { openLive, send, startPair } from './control-fixture.ts';
import { publishUntilLagging } from './fixture.ts';

describe('section 8: presence', () => {
  it('counts the streams of a topic on all edges, those by pattern included, and names each user once', async () => {
    const { here, there } = await startPair({ classes: { 'orders.>': { public: true } } });
    const as = (sub: string) => here.token({ subscribe: ['>'] }, { sub });
    await openLive(here, 'topic=orders.1', await as('carol'));
    await openLive(here, 'topic=orders.*&topic=orders.1&topic=%3E', await as('alice'));
    await openLive(there, 'topic=orders.1', await as('alice'));
    await openLive(there, 'topic=orders.%3E', await as('bob'));
    await openLive(there, 'topic=orders.2', await as('dave'));
    const anonymous = await here.stream('topic=orders.1', { headers: {} });
    await anonymous.event('hub.live');
    for (const edge of [here, there]) {
      const { status, body } = await send(edge, 'GET', '/v1/topics/orders.1/presence', await as('eve'));
      expect([status, body]).toEqual([200, { subscribers: 5, users: ['alice', 'bob', 'carol'] }]);
    }
    const limited = await send(here, 'GET', '/v1/topics/orders.1/presence?limit=2', await as('eve'));
    expect(limited.body).toEqual({ subscribers: 5, users: ['alice', 'bob'], more: true });
    const unnamed = await send(here, 'GET', '/v1/topics/orders.1/presence', undefined);
    expect(unnamed.body).toEqual({ subscribers: 5, users: [] });
    anonymous.destroy();
    await expect
      .poll(async () => (await send(there, 'GET', '/v1/topics/orders.1/presence', await as('eve'))).body.subscribers)
      .toBe(4);
  });

  it('counts a stream that catches up, and one whose topics were changed as they are now', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const { client, path } = await openLive(here, 'topic=a', token);
    const subscribers = async (topic: string): Promise<number> =>
      (await send(there, 'GET', `/v1/topics/${topic}/presence`, token)).body.subscribers;
    expect([await subscribers('a'), await subscribers('b')]).toEqual([1, 0]);
    await send(there, 'PATCH', path, token, { add: ['b'], remove: ['a'] });
    expect([await subscribers('a'), await subscribers('b')]).toEqual([0, 1]);
    client.pause();
    await publishUntilLagging(here, () => here.publish('b', 'x'.repeat(100_000)));
    expect(await subscribers('b')).toBe(1);
  });

  it('is for those who may subscribe to the topic, and for admins', async () => {
    const { here } = await startPair();
    const path = '/v1/topics/orders.1/presence';
    expect((await send(here, 'GET', path, await here.token({ subscribe: ['orders.*'] }))).status).toBe(200);
    expect((await send(here, 'GET', path, await here.token({ admin: true }))).status).toBe(200);
    const refused = await send(here, 'GET', path, await here.token({ subscribe: ['chat.*'], publish: ['>'] }));
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    expect((await send(here, 'GET', path, undefined)).status).toBe(401);
    expect((await send(here, 'GET', '/v1/topics/orders.*/presence', await here.token())).status).toBe(422);
    expect((await send(here, 'GET', `${path}?limit=10001`, await here.token())).status).toBe(422);
  });

  it('more users than one answer may hold are left out, and said to be', () => {
    const users = Array.from({ length: 9_000 }, (_, place) => `${place}`.padStart(60, 'u'));
    const merged = mergePresence([{ subscribers: 9_000, users, more: false }], 10_000);
    expect(merged.subscribers).toBe(9_000);
    expect(merged.more).toBe(true);
    expect(JSON.stringify(merged).length).toBeLessThan(450_000);
  });

  it('names the first users in order, each once, however many there are and in whatever order they come', () => {
    const users = Array.from({ length: 5_000 }, (_, place) => `u${(place * 7_919) % 2_500}`.padEnd(6, '.'));
    const inOrder = [...new Set(users)].sort();
    for (const limit of [1, 7, 1_000, 2_499, 2_500, 2_501, 10_000]) {
      const merged = mergePresence([{ subscribers: 5_000, users, more: false }], limit);
      expect(merged).toEqual({ subscribers: 5_000, users: inOrder.slice(0, limit), more: limit < 2_500 });
    }
  });
});
