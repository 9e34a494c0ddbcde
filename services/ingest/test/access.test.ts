import { mintToken } from '@tidings/auth';
import { systemClock } from '@tidings/runtime';
import { createFakeClock, toOrigin } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, SECRET, startIngest } from './fixture.ts';

const TEXT = { body: 'x', headers: { 'Content-Type': 'text/plain' } };
const UNAUTHENTICATED = {
  type: 'urn:tidings:problem:unauthenticated',
  title: 'A valid token is needed',
  status: 401,
  code: 'unauthenticated',
  detail: 'Send a valid token.',
};

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('who may publish', () => {
  it('section 5: a topic that the token does not grant is 403, and the challenge says so', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['orders.*', 'user.bob']);
    const refused: Answer[] = [
      await ingest.publish({ topic: 'orders', data: 1 }, { token }),
      await ingest.publish({ topic: 'orders.1.2', data: 1 }, { token }),
      await ingest.publish({ user: 'alice', data: 1 }, { token }),
      await ingest.raw('other', 'x', '', { token }),
      await ingest.send('/v1/users/alice/events', { ...TEXT, token }),
      await ingest.publish([{ topic: 'other', data: 1 }], { token }),
    ];
    for (const { status, headers, body } of refused) {
      expect([status, headers['content-type']]).toEqual([403, 'application/problem+json']);
      expect(headers['www-authenticate']).toBe('Bearer realm="tidings", error="insufficient_scope"');
      expect(body).toMatchObject({ type: 'urn:tidings:problem:forbidden', code: 'forbidden', status: 403 });
    }
    expect(ingest.messages).toEqual([]);
    expect((await ingest.publish({ topic: 'orders.1', data: 1 }, { token })).status).toBe(202);
    expect((await ingest.publish({ user: 'bob', data: 1 }, { token })).status).toBe(202);
  });

  it.each([
    ['no rights at all', undefined],
    ['the right to subscribe', { subscribe: ['>'] }],
    ['admin', { admin: true }],
  ])('section 5: a token with %s may publish nothing, not even to its own user', async (_name, tidings) => {
    const ingest = await startIngest();
    const token = await mintToken(SECRET, { sub: 'alice', ...(tidings && { tidings }) }, 60, systemClock);
    for (const event of [
      { topic: 'a', data: 1 },
      { user: 'alice', data: 1 },
    ]) {
      expect((await ingest.publish(event, { token })).status).toBe(403);
    }
    expect(ingest.messages).toEqual([]);
  });

  it("section 2: publishing to the hub's own topics is 422 for all, an admin with every right included", async () => {
    const ingest = await startIngest();
    const token = await mintToken(SECRET, { sub: 'a', tidings: { publish: ['>'], admin: true } }, 60, systemClock);
    for (const topic of ['$hub.audit', '$hub.metrics', '$x']) {
      expect((await ingest.publish({ topic, data: 1 }, { token })).status).toBe(422);
    }
  });

  it('section 1: the event goes to the tenant of the token, and to default without one', async () => {
    const ingest = await startIngest();
    await ingest.publish({ topic: 'a', data: 1 }, { token: await ingest.token(['>'], { tenant: 'acme' }) });
    await ingest.publish({ topic: 'a', data: 1 });
    expect(ingest.messages.map(({ tenant }) => tenant)).toEqual(['acme', 'default']);
  });

  it('section 2: a public topic class does not open publishing', async () => {
    const ingest = await startIngest({ classes: { '>': { public: true } } });
    expect((await ingest.publish({ topic: 'a', data: 1 }, { token: '' })).status).toBe(401);
  });
});

describe('the 401', () => {
  it('section 5: is the same document for every refused token, on every route', async () => {
    const ingest = await startIngest();
    const nowSec = Math.floor(Date.now() / 1000);
    const claims = { sub: 'a', tidings: { publish: ['>'] } };
    const [head, payload, signature] = ingest.all.split('.') as [string, string, string];
    const refused = [
      'x',
      'a.b.c',
      'a.b.c.d.e',
      'x'.repeat(9_000),
      `${head}.${payload}.`,
      `${head}.${payload}.${signature.slice(0, -2)}AA`,
      `${head}.${part({ ...claims, exp: nowSec + 60 })}.${signature}`,
      `${part({ alg: 'none' })}.${part({ ...claims, exp: nowSec + 60 })}.`,
      `${part({ alg: 'RS256' })}.${payload}.${signature}`,
      await mintToken('another secret that is also 32 bytes long', claims, 60, systemClock),
      await mintToken(SECRET, claims, -6, systemClock),
      await mintToken(SECRET, claims, 32 * 86_400, systemClock),
      await mintToken(SECRET, { ...claims, tidings: { publish: ['a..b'] } }, 60, systemClock),
      await mintToken(SECRET, { ...claims, sub: 1 } as never, 60, systemClock),
    ];
    const challenge = 'Bearer realm="tidings", error="invalid_token"';
    for (const token of refused) {
      for (const path of ['/v1/events', '/v1/topics/a/events', '/v1/users/a/events']) {
        const answer = await ingest.send(path, { ...TEXT, token });
        expect([answer.status, answer.headers['content-type']]).toEqual([401, 'application/problem+json']);
        expect(answer.headers['www-authenticate']).toBe(challenge);
        expect(answer.body).toEqual(UNAUTHENTICATED);
      }
    }
    const without = await ingest.send('/v1/events', { ...TEXT, token: '' });
    expect(without.body).toEqual(UNAUTHENTICATED);
    expect(without.headers['www-authenticate']).toBe('Bearer realm="tidings"');
    expect(ingest.messages).toEqual([]);
    expect(JSON.stringify(ingest.lines)).not.toContain(refused.at(-1));
  });

  it.each(['', 'Bearer', 'Bearer ', 'Bearer a b', 'Basic eDp5', 'Bearer a, Bearer b'])(
    'hardening section 1: the header Authorization: %j is 401',
    async (authorization) => {
      const ingest = await startIngest();
      const headers = { ...TEXT.headers, Authorization: authorization };
      const answer = await ingest.send('/v1/topics/a/events', { body: 'x', headers, token: '' });
      expect([answer.status, answer.body]).toEqual([401, UNAUTHENTICATED]);
    },
  );

  it('section 3: an expired token is forgiven 5 s and no more', async () => {
    const clock = createFakeClock();
    const ingest = await startIngest({ clock });
    const token = await ingest.token(['>'], {}, 60);
    clock.advance(64_999);
    expect((await ingest.raw('a', 'x', '', { token })).status).toBe(202);
    clock.advance(1_001);
    expect((await ingest.raw('a', 'x', '', { token })).status).toBe(401);
  });

  it('section 3: comes before anything that the body could be told for', async () => {
    const ingest = await startIngest({ maxBodyBytes: 10 });
    const headers = { 'Content-Type': 'image/png' };
    expect((await ingest.send('/v1/events', { body: 'x'.repeat(100), headers, token: '' })).status).toBe(401);
    expect((await ingest.send('/v1/topics/a..b/events', { headers, token: '' })).status).toBe(401);
  });
});

describe('where the token may stand', () => {
  it('section 3: an answer to a URL with a token carries no-referrer and no-store, also when it is a refusal', async () => {
    const ingest = await startIngest();
    const path = `/v1/topics/a/events?access_token=${ingest.all}`;
    const answer = await ingest.send(path, { ...TEXT, token: '' });
    expect(answer.status).toBe(202);
    expect(answer.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    const json = { body: '{"topic":"a","data":1}', headers: { 'Content-Type': 'application/json' }, token: '' };
    const events = await ingest.send(`/v1/events?access_token=${ingest.all}`, json);
    expect(events.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    const withHeader = await ingest.raw('a', 'x');
    expect(withHeader.headers).not.toHaveProperty('referrer-policy');
    for (const refused of [
      await ingest.send(`${path}&ttl=x`, { ...TEXT, token: '' }),
      await ingest.send('/v1/topics/a/events?access_token=x', { ...TEXT, token: '' }),
    ]) {
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    }
  });

  it.each([
    ['its own origin', (port: number) => ({ Origin: toOrigin(port) }), 202],
    ['an allowed origin', () => ({ Origin: 'https://app.example' }), 202],
    ['a foreign origin', () => ({ Origin: 'https://evil.example' }), 403],
    ['Origin: null', () => ({ Origin: 'null' }), 403],
    ['Sec-Fetch-Site: same-origin', () => ({ 'Sec-Fetch-Site': 'same-origin' }), 202],
    ['Sec-Fetch-Site: cross-site', () => ({ 'Sec-Fetch-Site': 'cross-site' }), 403],
    ['no word of where it comes from', () => ({}), 403],
  ])('section 3: a cookie with %s', async (_name, headersOf, status) => {
    const ingest = await startIngest();
    const headers = { ...TEXT.headers, Cookie: `tidings=${ingest.all}`, ...headersOf(ingest.port) };
    const answer = await ingest.send('/v1/topics/a/events', { body: 'x', headers, token: '' });
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body.code).toBe('forbidden-origin');
    expect(ingest.messages).toHaveLength(status === 202 ? 1 : 0);
  });

  it('section 4: a page of an allowed origin may read the answer, whatever it is, and another may not', async () => {
    const ingest = await startIngest();
    const from = (origin: string, token: string): Promise<Answer> =>
      ingest.raw('a', 'x', '', { token, headers: { Origin: origin } });
    for (const token of ['', 'x', ingest.all]) {
      const allowed = await from('https://app.example', token);
      expect(allowed.headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'Tidings-Session, Retry-After, RateLimit, RateLimit-Policy',
        vary: 'Origin',
      });
      const foreign = await from('https://evil.example', token);
      expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
      expect(foreign.headers).not.toHaveProperty('access-control-allow-credentials');
      expect(foreign.headers.vary).toBe('Origin');
    }
  });

  it('section 4: the preflight of a publisher in a page is answered', async () => {
    const ingest = await startIngest();
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' };
    for (const path of ['/v1/events', '/v1/topics/a/events', '/v1/users/a/events']) {
      const answer = await ingest.send(path, { method: 'OPTIONS', headers, token: '' });
      expect(answer.status).toBe(204);
      expect(answer.headers['access-control-allow-headers']).toBe(
        'Authorization, Content-Type, Last-Event-ID, Idempotency-Key',
      );
    }
  });
});
