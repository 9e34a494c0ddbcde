import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { openLive, send, startPair } from './control-fixture.ts';
import { publishUntilLagging } from './fixture.ts';
import { names, payloads, payloadsBeforeMarker, payloadsUntil, placeOf } from './received.ts';

const idsOf = (client: StreamClient): string[] => client.published().map(({ lastEventId }) => lastEventId);
const topicsTold = (client: StreamClient): string[][] =>
  client.events.filter(({ event }) => event === 'hub.topics').map(({ data }) => JSON.parse(data).topics);

describe('section 4: the topics of a live stream are changed on whichever edge the request reaches', () => {
  it('a topic that is added comes from then on, and one that is removed comes no more', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const { client, path } = await openLive(here, 'topic=a&topic=b', token);
    await here.publish('c', 'too early');
    const changed = await send(there, 'PATCH', path, token, { add: ['c', 'd.*'], remove: ['b', 'never'] });
    expect([changed.status, changed.body]).toEqual([200, { topics: ['a', 'c', 'd.*'] }]);
    await client.event('hub.topics');
    expect(topicsTold(client)).toEqual([['a', 'c', 'd.*']]);
    for (const topic of ['a', 'b', 'c', 'd.1', 'd.1.2']) await here.publish(topic, topic);
    expect(await payloadsBeforeMarker(here, client, 'a')).toEqual(['a', 'c', 'd.1']);
  });

  it('a pattern over a topic that stays does not give an event twice, and all may be removed', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const { client, path } = await openLive(here, 'topic=a.1', token);
    expect((await send(there, 'PATCH', path, token, { add: ['a.*', '>', 'a.1'] })).body.topics).toEqual([
      'a.1',
      'a.*',
      '>',
    ]);
    await here.publish('a.1', 'once');
    expect(await payloadsBeforeMarker(here, client, 'a.1')).toEqual(['once']);
    const removed = await send(there, 'PATCH', path, token, { remove: ['a.1', 'a.*', '>'] });
    expect(removed.body).toEqual({ topics: [] });
    await here.publish('a.1', 'to nobody');
    await send(there, 'PATCH', path, token, { add: ['z'] });
    expect(await payloadsBeforeMarker(here, client, 'z')).toEqual(['once', expect.stringMatching(/^marker/)]);
  });

  it('what is replayed of an added topic comes before what is live, under the cursor that the stream has', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    for (const text of ['one', 'two', 'three']) await here.publish('past', text, { event: 'told' });
    await here.publish('past.deep', 'deep');
    const { client, path } = await openLive(here, 'topic=a', token);
    await here.publish('a', 'before');
    await payloadsUntil(client, 'before');
    const changed = await send(there, 'PATCH', path, token, {
      add: [
        { topic: 'past', replay: 2 },
        { topic: 'past.*', replay: 'all' },
        { topic: 'none', replay: 'last' },
      ],
    });
    expect(changed.body).toEqual({ topics: ['a', 'past', 'past.*', 'none'] });
    await here.publish('past', 'four');
    await here.publish('a', 'five');
    expect(await payloadsUntil(client, 'five')).toEqual(['before', 'two', 'three', 'deep', 'four', 'five']);
    const places = idsOf(client).map(placeOf);
    expect(places).toEqual([5, 5, 5, 5, 6, 7]);
    expect(client.published()[1]?.event).toBe('told');
    expect(names(client).filter((name) => name === 'hub.live')).toHaveLength(1);
  });

  it.each([
    ['from the ring', 64_000_000],
    ['from history, which the ring has lost', 1_000],
  ])('a replay %s loses and repeats nothing while events come all the time', async (_what, ringMaxBytes) => {
    const { here, there } = await startPair({ settings: { ringMaxBytes } });
    const token = await here.token();
    for (let each = 0; each < 300; each += 1) await here.publish('late', `${each}`);
    const { client, path } = await openLive(here, 'topic=steady', token);
    let published = 300;
    let steady = 0;
    let going = true;
    const publishing = (async () => {
      while (going) {
        await here.publish('late', `${published++}`);
        await here.publish('steady', `s${steady++}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const changed = await send(there, 'PATCH', path, token, { add: [{ topic: 'late', replay: 'all' }] });
    expect(changed.status).toBe(200);
    await client.until(() => payloads(client).filter((text) => !text.startsWith('s')).length > 320);
    going = false;
    await publishing;
    await payloadsBeforeMarker(here, client, 'late');
    const texts = payloads(client).slice(0, -1);
    expect(texts.filter((text) => !text.startsWith('s'))).toEqual(Array.from({ length: published }, (_, n) => `${n}`));
    expect(texts.filter((text) => text.startsWith('s'))).toEqual(Array.from({ length: steady }, (_, n) => `s${n}`));
    const places = idsOf(client).map(placeOf);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
  });

  it('a stream that is cut after a replay resumes by its cursor, and misses nothing', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    await here.publish('past', 'old');
    const { client, path } = await openLive(here, 'topic=a', token);
    await send(there, 'PATCH', path, token, { add: [{ topic: 'past', replay: 'all' }] });
    await payloadsUntil(client, 'old');
    const cursor = client.lastEventId;
    client.destroy();
    await here.publish('a', 'meanwhile');
    const again = await here.stream('topic=a&topic=past', {
      headers: { authorization: `Bearer ${token}`, 'last-event-id': cursor },
    });
    expect(await payloadsUntil(again, 'meanwhile')).toEqual(['meanwhile']);
  });

  it('a client that does not read is told to try again, and nothing is changed', async () => {
    const { here, there } = await startPair({ settings: { lagMaxBytes: 4_096 } });
    const token = await here.token();
    const { client, path } = await openLive(here, 'topic=a', token);
    client.pause();
    await publishUntilLagging(here, () => here.publish('a', 'x'.repeat(10_000)), 300);
    const refused = await send(there, 'PATCH', path, token, { add: [{ topic: 'b', replay: 'all' }] });
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(refused.headers.get('retry-after')).toBe('1');
    // Without a replay nothing has to be waited for.
    const changed = await send(there, 'PATCH', path, token, { add: ['c'] });
    expect(changed.body).toEqual({ topics: ['a', 'c'] });
    await here.publish('b', 'not wanted');
    await here.publish('c', 'wanted');
    client.resume();
    const texts = await payloadsUntil(client, 'wanted');
    expect(texts.filter((text) => !text.startsWith('x'))).toEqual(['wanted']);
  });

  it('of a topic that is named twice the last counts, and it is replayed once', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    for (const text of ['one', 'two']) await here.publish('past', text);
    const { client, path } = await openLive(here, 'topic=a', token);
    const add = [
      { topic: 'past', replay: 'all' },
      { topic: 'past', replay: 1 },
    ];
    expect((await send(there, 'PATCH', path, token, { add })).body).toEqual({ topics: ['a', 'past'] });
    expect(await payloadsBeforeMarker(here, client, 'a')).toEqual(['two']);
  });

  it('more changes than may wait for their turn are told to come again, and the others are made in theirs', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    await here.publish('past', 'old');
    const { path } = await openLive(here, 'topic=a', token);
    const add = (each: number) => ({ add: [{ topic: `t.${each}`, replay: 'all' }] });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, each) => send(there, 'PATCH', path, token, add(each))),
    );
    const made = answers.filter(({ status }) => status === 200);
    expect(new Set(answers.map(({ status }) => status)).size).toBeLessThanOrEqual(2);
    for (const { status, headers } of answers)
      if (status !== 200) expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect((await send(there, 'PATCH', path, token)).body.topics).toHaveLength(1 + made.length);
  });

  it.each([
    ['a field that there is not', { topics: ['a'] }, 'unknown-field', '/topics'],
    ['an illegal topic', { add: ['a', 'b..c'] }, 'invalid-topic', '/add/1'],
    ['an illegal topic with a replay', { add: [{ topic: 'b c', replay: 'last' }] }, 'invalid-topic', '/add/0/topic'],
    ['a replay that is none', { add: [{ topic: 'b', replay: 'some' }] }, 'invalid-field', '/add/0/replay'],
    ['a removal that is no topic', { remove: [''] }, 'invalid-topic', '/remove/0'],
    ['more topics than a stream has', { add: Array.from({ length: 100 }, (_, n) => `t${n}`) }, 'invalid-field', '/add'],
  ])('%s is 422 and named, and changes nothing', async (_what, body, code, pointer) => {
    const { here, there } = await startPair();
    const token = await here.token();
    const { client, path } = await openLive(here, 'topic=a', token);
    const refused = await send(there, 'PATCH', path, token, body);
    expect([refused.status, refused.body.code, refused.body.pointer]).toEqual([422, code, pointer]);
    expect((await send(there, 'PATCH', path, token)).body).toEqual({ topics: ['a'] });
    expect(topicsTold(client)).toEqual([]);
  });

  it('what the token does not grant is 403, and a finite stream keeps its topics', async () => {
    const { here, there } = await startPair();
    const token = await here.token({ subscribe: ['a.*'] });
    const { path } = await openLive(here, 'topic=a.1', token);
    const refused = await send(there, 'PATCH', path, token, { add: ['a.2', 'b'] });
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    const finite = await openLive(here, 'topic=a.1&until=final', token);
    expect((await send(there, 'PATCH', finite.path, token, { add: ['a.2'] })).status).toBe(422);
    expect((await send(there, 'PATCH', path, token)).body).toEqual({ topics: ['a.1'] });
  });

  it('another subject’s stream, one of another tenant and one that never was are all 404 with the same words', async () => {
    const { here, there } = await startPair();
    const { path } = await openLive(here, 'topic=a', await here.token());
    const bob = await here.token({ subscribe: ['>'], admin: true }, { sub: 'bob' });
    const elsewhere = await here.token({ subscribe: ['>'] }, { tenant: 'acme' });
    const alice = await here.token();
    const answers = [
      await send(there, 'PATCH', path, bob, { add: ['b'] }),
      await send(there, 'PATCH', path, elsewhere, { add: ['b'] }),
      await send(there, 'PATCH', `${path.slice(0, -1)}~`, alice, { add: ['b'] }),
      await send(there, 'PATCH', '/v1/sessions/none', alice, { add: ['b'] }),
    ];
    for (const { status, body } of answers) {
      expect([status, body.code, body.detail]).toEqual([404, 'not-found', 'There is no such session of yours.']);
    }
    expect((await send(there, 'PATCH', path, undefined, { add: ['b'] })).status).toBe(401);
  });

  it('changes of one stream that come at once are made one after the other', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    for (let each = 0; each < 10; each += 1) await here.publish(`t.${each}`, `${each}`);
    const { client, path } = await openLive(here, 'topic=a', token);
    const changes = Array.from({ length: 10 }, (_, each) =>
      send(each % 2 === 0 ? here : there, 'PATCH', path, token, { add: [{ topic: `t.${each}`, replay: 'last' }] }),
    );
    for (const { status } of await Promise.all(changes)) expect(status).toBe(200);
    const texts = await payloadsBeforeMarker(here, client, 'a');
    expect(texts.toSorted()).toEqual(Array.from({ length: 10 }, (_, each) => `${each}`));
    expect(topicsTold(client).at(-1)).toHaveLength(11);
  });
});

describe('section 4: a change that is refused when its turn has come', () => {
  it('for too many tokens is 422 with a replay as well, and the stream goes on', async () => {
    const { here, there } = await startPair();
    const { client, path } = await openLive(here, 'topic=a', await here.token({ subscribe: ['>'] }, { jti: 'first' }));
    const add = [{ topic: 'b', replay: 'all' }];
    const statuses: number[] = [];
    for (let each = 0; each < 16; each += 1) {
      const older = await here.token({ subscribe: ['>'] }, { jti: `${each}` }, 3_000);
      statuses.push((await send(there, 'PATCH', path, older, { add })).status);
    }
    expect(statuses).toEqual([...Array(15).fill(200), 422]);
    await here.publish('a', 'still here');
    expect(await payloadsUntil(client, 'still here')).toEqual(['still here']);
  });

  it('since its token was revoked while it waited is 401', async () => {
    const { here, there } = await startPair();
    const { client, path } = await openLive(here, 'topic=a', await here.token({ subscribe: ['>'] }, { jti: 'first' }));
    const other = await here.token({ subscribe: ['>'] }, { jti: 'other' }, 3_000);
    client.pause();
    await publishUntilLagging(here, () => here.publish('a', 'x'.repeat(100_000)));
    const changed = send(there, 'PATCH', path, other, { add: [{ topic: 'b', replay: 'all' }] });
    for (let turns = 0; turns < 3; turns += 1) await send(here, 'GET', path, other);
    const admin = await here.token({ admin: true }, { sub: 'root' });
    expect((await send(there, 'POST', '/v1/revocations', admin, { jti: 'other' })).status).toBe(204);
    client.resume();
    expect((await changed).status).toBe(401);
    await here.publish('a', 'still here');
    await payloadsUntil(client, 'still here');
    expect(topicsTold(client)).toEqual([]);
  });
});

describe('section 4: a newer token renews a live stream', () => {
  const grants = { subscribe: ['a', 'b'] };

  it('which then lasts until that token’s end, and is told again before it', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const { client, path } = await openLive(here, 'topic=a', await here.token(grants, {}, 60));
    clock.advance(31_000);
    await client.event('hub.expiring');
    const newer = await here.token(grants, {}, 120);
    const renewed = await send(there, 'PATCH', path, newer);
    expect([renewed.status, renewed.body]).toEqual([200, { topics: ['a'] }]);
    clock.advance(60_000);
    await here.publish('a', 'still here');
    await payloadsUntil(client, 'still here');
    expect(names(client).filter((name) => name === 'hub.expiring')).toHaveLength(1);
    clock.advance(31_000);
    await client.until(() => names(client).filter((name) => name === 'hub.expiring').length === 2);
    clock.advance(30_000);
    await client.end();
    expect(JSON.parse(client.events.at(-1)?.data ?? '').reason).toBe('token-expired');
  });

  it('it is never made shorter by one that ends earlier', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const { client, path } = await openLive(here, 'topic=a', await here.token(grants, {}, 600));
    clock.advance(1_000);
    expect((await send(there, 'PATCH', path, await here.token(grants, {}, 60))).status).toBe(200);
    clock.advance(100_000);
    await here.publish('a', 'still here');
    expect(await payloadsUntil(client, 'still here')).toEqual(['still here']);
  });

  it('topics that it does not grant any more end with hub.gap forbidden', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const { client, path } = await openLive(here, 'topic=a&topic=b', await here.token(grants));
    clock.advance(2_000);
    const renewed = await send(there, 'PATCH', path, await here.token({ subscribe: ['b', 'c'] }), { add: ['c'] });
    expect(renewed.body).toEqual({ topics: ['b', 'c'] });
    const gap = JSON.parse((await client.event('hub.gap')).data);
    expect(gap).toEqual({ from: client.lastEventId, to: client.lastEventId, reason: 'forbidden' });
    for (const topic of ['a', 'b', 'c']) await here.publish(topic, topic);
    expect(await payloadsBeforeMarker(here, client, 'b')).toEqual(['b', 'c']);
  });

  it('an older token takes nothing away', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const older = await here.token({ subscribe: ['b'] });
    clock.advance(2_000);
    const { path } = await openLive(here, 'topic=a', await here.token(grants));
    expect((await send(there, 'PATCH', path, older, { add: ['b'] })).body).toEqual({ topics: ['a', 'b'] });
  });
});
