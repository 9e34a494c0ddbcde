import { createSecretSource, mintToken } from '@tidings/auth';
import { encodeCursor, TidingsError } from '@tidings/protocol';
import { systemClock } from '@tidings/runtime';
import { createFakeClock, request } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { ALLOWED_ORIGIN, NATIVE, SECRET, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker } from './received.ts';

const FOREIGN = 'https://evil.example';

describe('who may subscribe', () => {
  it('section 3: without a token a topic that is not public is 401 with a challenge', async () => {
    const edge = await startEdge();
    const answer = await request(`${edge.url}/v1/stream?topic=a`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tidings"');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect((await answer.json()).code).toBe('unauthenticated');
    expect((await request(`${edge.url}/v1/stream`)).status).toBe(401);
  });

  it.each([
    ['signed with another secret', async () => mintToken('x'.repeat(40), { sub: 'a' }, 60, systemClock)],
    ['garbage', async () => 'garbage'],
    ['living for longer than 31 days', (edge: TestEdge) => edge.token({}, {}, 32 * 86_400)],
    ['of an illegal tenant', (edge: TestEdge) => edge.token({}, { tenant: 'a.b' })],
    ['10 KB', async () => 'x'.repeat(10_000)],
  ])('section 3: a token that is %s is 401 with the same words', async (_what, make) => {
    const edge = await startEdge();
    const token = await make(edge);
    const answer = await edge.get('/v1/stream?topic=a', { ...NATIVE, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tidings", error="invalid_token"');
    expect(await answer.json()).toMatchObject({ code: 'unauthenticated', detail: 'Send a valid token.' });
    expect(JSON.stringify(edge.lines)).not.toContain(token);
  });

  it('section 4: a topic that the token does not grant is 403 and named', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token({ subscribe: ['orders.*'] })}` };
    for (const topic of [
      'orders',
      'orders.1.items',
      'orders.>',
      '>',
      '*',
      'user.bob',
      'user.*',
      'user.alicea',
      '$hub.audit2',
    ]) {
      const answer = await edge.get(`/v1/stream?topic=orders.1&topic=${encodeURIComponent(topic)}`, headers);
      expect(answer.status, topic).toBe(403);
      const problem = await answer.json();
      expect(problem).toMatchObject({ code: 'forbidden', parameter: 'topic' });
      expect(problem.detail).toContain(topic);
    }
    expect((await edge.stream('topic=orders.1&topic=orders.*', { headers })).status).toBe(200);
  });

  it('section 4: without topics a stream is of the caller’s own, and always allowed', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token({}, { sub: 'alice' })}` };
    const client = await edge.stream('', { headers });
    expect((await controlOf(client, 'hub.hello')).topics).toEqual(['user.alice', 'user.alice.>']);
    await client.event('hub.live');
    for (const topic of ['user.alice', 'user.bob', 'user.alice.orders', 'user', 'user.alicea'])
      await edge.publish(topic, topic);
    expect(await payloadsBeforeMarker(edge, client, 'user.alice.z')).toEqual(['user.alice', 'user.alice.orders']);
    expect((await edge.stream('topic=user.alice.orders', { headers })).status).toBe(200);
  });

  it('section 2: in a user’s id . * > and % are encoded, so that a never reads what is of a.b', async () => {
    const edge = await startEdge();
    const topicsOf = async (sub: string): Promise<unknown> => {
      const client = await edge.stream('', { headers: { authorization: `Bearer ${await edge.token({}, { sub })}` } });
      return (await controlOf(client, 'hub.hello')).topics;
    };
    expect(await topicsOf('a.b')).toEqual(['user.a%2Eb', 'user.a%2Eb.>']);
    expect(await topicsOf('*')).toEqual(['user.%2A', 'user.%2A.>']);
    expect(await topicsOf('>')).toEqual(['user.%3E', 'user.%3E.>']);
    expect(await topicsOf('100%')).toEqual(['user.100%25', 'user.100%25.>']);
    expect(await topicsOf('😀')).toEqual(['user.😀', 'user.😀.>']);
    const headers = { authorization: `Bearer ${await edge.token({}, { sub: '*' })}` };
    expect((await edge.get('/v1/stream?topic=user.*', headers)).status).toBe(403);
    expect((await edge.get('/v1/stream?topic=user.bob', headers)).status).toBe(403);
  });

  it('section 2: a sub with white space has no topics of its own: 422 without topics', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token({}, { sub: 'a b' })}` };
    const answer = await edge.get('/v1/stream', headers);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ parameter: 'topic' });
  });

  it('section 2: public classes are streamed, read and positioned without a token, in the tenant default alone', async () => {
    const edge = await startEdge({ classes: { 'news.secret': { public: false }, 'news.>': { public: true } } });
    await edge.publish('news.today', 'ours');
    await edge.publish('news.today', 'theirs', { tenant: 'acme' });
    const client = await edge.stream('topic=news.today&replay=all', { headers: {} });
    await client.event('hub.live');
    expect(payloads(client)).toEqual(['ours']);
    expect((await request(`${edge.url}/v1/topics/news.today/events`)).status).toBe(200);
    expect((await request(`${edge.url}/v1/position`)).status).toBe(200);
    for (const topic of ['news.secret', 'news.%3E', 'other', 'news.today&topic=other']) {
      expect((await request(`${edge.url}/v1/stream?topic=${topic}`)).status, topic).toBe(401);
    }
    const inDefault = { authorization: `Bearer ${await edge.token({})}` };
    expect((await edge.stream('topic=news.today', { headers: inDefault })).status).toBe(200);
    const elsewhere = { authorization: `Bearer ${await edge.token({}, { tenant: 'acme' })}` };
    expect((await edge.get('/v1/stream?topic=news.today', elsewhere)).status).toBe(403);
    expect((await edge.get('/v1/topics/news.today/events', elsewhere)).status).toBe(403);
  });

  it('section 2: without any public class the position needs a token', async () => {
    const edge = await startEdge();
    expect((await request(`${edge.url}/v1/position`)).status).toBe(401);
    expect((await request(`${edge.url}/v1/topics/a/events`)).status).toBe(401);
  });
});

describe('where a token may stand', () => {
  it('section 3: the header wins over the cookie, the cookie over access_token', async () => {
    const edge = await startEdge();
    const of = (sub: string): Promise<string> => edge.token({}, { sub });
    const topics = async (query: string, headers: Record<string, string>): Promise<unknown> =>
      (await controlOf(await edge.stream(query, { headers }), 'hub.hello')).topics;
    const origin = { origin: ALLOWED_ORIGIN };
    expect(
      await topics(`access_token=${await of('q')}`, {
        ...origin,
        authorization: `Bearer ${await of('h')}`,
        cookie: `tidings=${await of('c')}`,
      }),
    ).toEqual(['user.h', 'user.h.>']);
    expect(await topics(`access_token=${await of('q')}`, { ...origin, cookie: `tidings=${await of('c')}` })).toEqual([
      'user.c',
      'user.c.>',
    ]);
    expect(await topics(`access_token=${await of('q')}`, {})).toEqual(['user.q', 'user.q.>']);
  });

  it('section 3: a cookie counts only from an allowed origin', async () => {
    const edge = await startEdge();
    const cookie = `other=1; tidings=${await edge.token()}`;
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await edge.stream('topic=a', { headers: { cookie, ...headers } })).status;
    expect(await statusOf({ origin: ALLOWED_ORIGIN })).toBe(200);
    expect(await statusOf({ origin: edge.url })).toBe(200);
    expect(await statusOf({ origin: edge.url.replace('http:', 'https:') })).toBe(200);
    expect(await statusOf({ 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await statusOf({ 'sec-fetch-site': 'none' })).toBe(200);
    expect(await statusOf({ referer: `${edge.url}/page` })).toBe(200);
    for (const headers of [
      { origin: FOREIGN },
      { origin: 'null' },
      { origin: FOREIGN, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { referer: `${FOREIGN}/` },
      {},
    ]) {
      const answer = await edge.stream('topic=a', { headers: { cookie, ...NATIVE, ...headers } });
      expect(answer.status, JSON.stringify(headers)).toBe(403);
      await answer.end();
      expect(JSON.parse(answer.text).code).toBe('forbidden-origin');
    }
  });

  it('section 3: in production only the __Host- cookie counts, and it is tried first everywhere', async () => {
    const production = await startEdge({ production: true });
    const origin = ALLOWED_ORIGIN;
    const [a, b] = [await production.token({}, { sub: 'a' }), await production.token({}, { sub: 'b' })];
    expect((await production.get('/v1/stream', { origin, cookie: `tidings=${a}` })).status).toBe(401);
    for (const edge of [production, await startEdge()]) {
      const client = await edge.stream('', { headers: { origin, cookie: `tidings=${a}; __Host-tidings=${b}` } });
      expect((await controlOf(client, 'hub.hello')).topics).toEqual(['user.b', 'user.b.>']);
    }
  });

  it('section 3: every answer to an access_token carries Referrer-Policy and no-store, and no log line the token', async () => {
    const edge = await startEdge();
    const token = await edge.token({ subscribe: ['a'] });
    const { epoch } = await edge.publish('a', 'done', { final: true });
    const over = `topic=a&until=final&last_event_id=${encodeCursor(epoch, 1)}`;
    for (const [path, status] of [
      ['/v1/stream?topic=a', 200],
      [`/v1/stream?${over}`, 204],
      ['/v1/stream?topic=b', 403],
      ['/v1/stream?topic=a..b', 422],
      ['/v1/position?', 200],
      ['/v1/topics/a/events?', 200],
      ['/v1/topics/b/events?', 403],
      ['/v1/topics/a/events?after=garbage', 422],
    ] as const) {
      const answer = await request(`${edge.url}${path}&access_token=${token}`);
      expect(answer.status, path).toBe(status);
      expect(answer.headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(answer.headers.get('cache-control'), path).toContain('no-store');
      await answer.body?.cancel();
    }
    expect(JSON.stringify(edge.lines)).not.toContain(token);
    expect(JSON.stringify(edge.lines)).toContain('access_token=REDACTED');
  });

  it('section 4: CORS headers stand on the stream, on errors and on soft answers, for allowed origins alone', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const old = await edge.token({}, {}, 60);
    const authorization = `Bearer ${await edge.token()}`;
    clock.advance(70_000);
    const requests: [string, Record<string, string>, number][] = [
      ['/v1/stream?topic=a', { authorization }, 200],
      ['/v1/stream?topic=a..b', { authorization }, 422],
      ['/v1/stream?topic=a', {}, 401],
      ['/v1/stream?topic=a', { ...NATIVE, authorization: `Bearer ${old}` }, 200],
      ['/v1/position', { authorization }, 200],
      ['/v1/nothing', {}, 404],
    ];
    for (const [path, headers, status] of requests) {
      const answer = await request(`${edge.url}${path}`, { headers: { ...headers, origin: ALLOWED_ORIGIN } });
      expect(answer.status, path).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe(ALLOWED_ORIGIN);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      expect(answer.headers.get('access-control-expose-headers')).toBe(
        'Tidings-Session, Retry-After, RateLimit, RateLimit-Policy',
      );
      expect(answer.headers.get('vary')).toContain('Origin');
      await answer.body?.cancel();
      const foreign = await request(`${edge.url}${path}`, { headers: { ...headers, origin: FOREIGN } });
      expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
      expect(foreign.headers.get('access-control-allow-credentials')).toBeNull();
      await foreign.body?.cancel();
    }
  });
});

describe('a token at its end', () => {
  async function expiredBy(sec: number, headers: Record<string, string>, query = 'topic=a') {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const authorization = `Bearer ${await edge.token({ subscribe: ['a'] }, {}, 60)}`;
    await edge.publish('a', 'secret');
    clock.advance((60 + sec) * 1_000);
    const client = await edge.stream(`${query}&replay=all`, { headers: { authorization, ...headers } });
    return { edge, client };
  }

  it.each([6, 3_600, 86_400])(
    'section 4: %i s past exp a native EventSource gets the soft answer, and no event',
    async (sec) => {
      const { edge, client } = await expiredBy(sec, NATIVE);
      expect(client.status).toBe(200);
      expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      expect(client.headers['cache-control']).toContain('no-store');
      await client.end();
      expect(names(client)).toEqual(['hub.bye']);
      const bye = await controlOf(client, 'hub.bye');
      expect(bye.reason).toBe('token-expired');
      expect(client.retries).toEqual([bye.retry]);
      expect(bye.retry).toBeGreaterThanOrEqual(5_000);
      expect(bye.retry).toBeLessThanOrEqual(30_000);
      expect(edge.edge.openStreams).toBe(0);
    },
  );

  it.each([
    ['a declared client', 6, NATIVE, 'topic=a&client=sdk/1.0'],
    ['who does not name the event stream', 6, { accept: '*/*' }, 'topic=a'],
    ['who sends no Accept', 6, {}, 'topic=a'],
    ['a native EventSource more than 24 h later', 86_402, NATIVE, 'topic=a'],
  ])('section 4: %s gets 401 for an expired token', async (_what, sec, headers, query) => {
    const { client } = await expiredBy(sec, headers as Record<string, string>, query);
    expect(client.status).toBe(401);
    await client.end();
    expect(client.text).not.toContain('secret');
    expect(client.headers['www-authenticate']).toContain('invalid_token');
  });

  it('section 3: 4 s past exp the token is still accepted, and the stream ends at once', async () => {
    const { client } = await expiredBy(4, {});
    expect(client.status).toBe(200);
    await client.end();
    expect((await controlOf(client, 'hub.bye')).reason).toBe('token-expired');
    expect(payloads(client)).toEqual([]);
  });

  it('section 4: what is wrong for good is refused also to a native EventSource with an expired token', async () => {
    const { client } = await expiredBy(6, NATIVE, 'topic=a..b');
    expect(client.status).toBe(422);
  });

  it('section 7: history and position are 401 for an expired token', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const headers = { ...NATIVE, authorization: `Bearer ${await edge.token({ subscribe: ['a'] }, {}, 60)}` };
    clock.advance(66_000);
    expect((await edge.get('/v1/topics/a/events', headers)).status).toBe(401);
    expect((await edge.get('/v1/position', headers)).status).toBe(401);
  });
});

describe('what is behind the edge and away', () => {
  it.each([
    ['softly a native EventSource', NATIVE, '', 200],
    ['with 503 and Retry-After a declared client', NATIVE, '&client=sdk/1.0', 503],
    ['with 503 and Retry-After all others', { accept: '*/*' }, '', 503],
  ])('section 4: while keys can not be fetched it answers %s', async (_what, accept, query, status) => {
    const edge = await startEdge({
      keys: [
        {
          ...createSecretSource([SECRET]),
          keysFor: () => Promise.reject(new TidingsError('unavailable', 'The keys are away.', { retryAfterSec: 3 })),
        },
      ],
    });
    const client = await edge.stream(`topic=a${query}`, {
      headers: { ...accept, authorization: `Bearer ${await edge.token()}` },
    });
    expect(client.status).toBe(status);
    await client.end();
    if (status === 200) {
      expect(names(client)).toEqual(['hub.bye']);
      expect((await controlOf(client, 'hub.bye')).reason).toBe('unavailable');
      expect(client.retries[0]).toBeGreaterThanOrEqual(5_000);
    } else {
      expect(client.headers['retry-after']).toBe('3');
    }
  });

  it('section 4: a stream whose history can not be read is closed as unavailable, and not with an event lost', async () => {
    const edge = await startEdge({
      settings: { ringMaxBytes: 1_000 },
      wrapBroker: (broker) => ({
        ...broker,
        get epoch() {
          return broker.epoch;
        },
        bounds: () => Promise.reject(new TidingsError('unavailable', 'The broker is away.', { retryAfterSec: 1 })),
      }),
    });
    const { epoch } = await edge.publish('a', 'one');
    for (let place = 0; place < 10; place += 1) await edge.publish('a', `${place}`);
    const client = await edge.stream(`topic=a&last_event_id=${encodeCursor(epoch, 1)}`);
    await client.end();
    expect(names(client)).toEqual(['hub.bye']);
    const bye = await controlOf(client, 'hub.bye');
    expect(bye.reason).toBe('unavailable');
    expect(client.retries.at(-1)).toBe(bye.retry);
    expect(bye.retry).toBeGreaterThanOrEqual(1_000);
    expect(bye.retry).toBeLessThanOrEqual(5_000);
    const live = await edge.stream('topic=a');
    await live.event('hub.live');
  });

  it('section 4: a POST is never taken for a native EventSource, which only knows GET: it gets 503', async () => {
    const edge = await startEdge({
      wrapBroker: (broker) => ({
        ...broker,
        get epoch() {
          return broker.epoch;
        },
        // biome-ignore lint/correctness/useYield: it fails before its first page.
        async *latest() {
          throw new TidingsError('unavailable', 'The broker is away.', { retryAfterSec: 1 });
        },
      }),
    });
    const { epoch } = await edge.publish('a', 'one');
    const ask = async (client: object): Promise<number> => {
      const answer = await request(`${edge.url}/v1/stream`, {
        method: 'POST',
        headers: { ...NATIVE, 'content-type': 'application/json', authorization: `Bearer ${await edge.token()}` },
        body: JSON.stringify({ topic: ['a'], until: 'final', last_event_id: encodeCursor(epoch, 1), ...client }),
      });
      await answer.body?.cancel();
      return answer.status;
    };
    expect(await ask({ client: 'sdk/1.0' })).toBe(503);
    expect(await ask({})).toBe(503);
  });
});
