import { mintToken } from '@tidings/auth';
import type { Broker, Selection } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { systemClock } from '@tidings/runtime';
import { toOrigin } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, type IngestOptions, SECRET, startIngest, type TestIngest, textOf } from './fixture.ts';

const admin = (claims: object = {}): Promise<string> =>
  mintToken(SECRET, { sub: 'root', tidings: { admin: true }, ...claims }, 60, systemClock);

interface Eraser {
  readonly ingest: TestIngest;
  /** What the broker was asked to purge. */
  readonly purged: Selection[];
  erase(path: string, token?: string): Promise<Answer>;
  /** The texts that history still has, of all topics of a tenant. */
  kept(tenant?: string): Promise<string[]>;
}

async function startEraser(options: IngestOptions = {}): Promise<Eraser> {
  const purged: Selection[] = [];
  let log: Broker | undefined;
  const wrap = (broker: Broker): Partial<Broker> => {
    log = broker;
    const purge = async (selection: Selection): Promise<void> => {
      purged.push(selection);
      await broker.purge(selection);
    };
    return { purge, ...options.wrap?.(broker) };
  };
  const ingest = await startIngest({ ...options, wrap });
  const token = await admin();
  return {
    ingest,
    purged,
    erase: (path, bearer = token) => ingest.send(path, { method: 'DELETE', token: bearer }),
    async kept(tenant = 'default') {
      const texts: string[] = [];
      const range = { after: 0, upTo: log?.position() ?? 0 };
      const pages = log?.history({ tenant, patterns: ['>'] }, range, AbortSignal.timeout(5_000)) ?? [];
      for await (const { messages } of pages) texts.push(...messages.map(textOf));
      return texts;
    },
  };
}

async function publishAll(ingest: TestIngest, topics: readonly string[], claims: object = {}): Promise<void> {
  const token = await ingest.token(['>'], claims);
  for (const topic of topics) expect((await ingest.raw(topic, topic, '', { token })).status).toBe(202);
}

describe('erasing', () => {
  it('section 7: a topic is gone from history once it is answered, and no other; it can be written anew', async () => {
    const { ingest, erase, kept } = await startEraser();
    await publishAll(ingest, ['orders.1', 'orders.2', 'orders', 'orders.1.note']);
    const answer = await erase('/v1/topics/orders.1/events');
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await kept()).toEqual(['orders.2', 'orders', 'orders.1.note']);
    await publishAll(ingest, ['orders.1']);
    expect(await kept()).toContain('orders.1');
  });

  it('section 7: a pattern erases every topic that it matches, and repeating it is no fault', async () => {
    const { ingest, erase, kept, purged } = await startEraser();
    await publishAll(ingest, ['orders.1', 'orders.2', 'orders.1.note', 'orders', 'a b'.replace(' ', '😀')]);
    expect((await erase('/v1/topics/orders.*/events')).status).toBe(204);
    expect(await kept()).toEqual(['orders.1.note', 'orders', 'a😀b']);
    expect((await erase('/v1/topics/orders.%3E/events')).status).toBe(204);
    expect((await erase('/v1/topics/orders.%3E/events')).status).toBe(204);
    expect((await erase(`/v1/topics/${encodeURIComponent('a😀b')}/events`)).status).toBe(204);
    expect(await kept()).toEqual(['orders']);
    expect((await erase('/v1/topics/>/events')).status).toBe(204);
    expect(await kept()).toEqual([]);
    expect(purged.map(({ patterns }) => patterns.join())).toEqual(['orders.*', 'orders.>', 'orders.>', 'a😀b', '>']);
  });

  it('section 7: a user is gone with everything below, and neither one whose name begins alike nor a wildcard', async () => {
    const { ingest, erase, kept } = await startEraser();
    await publishAll(ingest, ['user.a', 'user.a.cart', 'user.a.cart.1', 'user.ab', 'user.a%2Eb', 'user.a%2Eb.cart']);
    expect((await erase('/v1/users/a/events')).status).toBe(204);
    expect(await kept()).toEqual(['user.ab', 'user.a%2Eb', 'user.a%2Eb.cart']);
    // The id is one token, whatever it looks like.
    for (const id of ['*', '%3E']) expect((await erase(`/v1/users/${id}/events`)).status).toBe(204);
    expect(await kept()).toHaveLength(3);
    expect((await erase('/v1/users/a.b/events')).status).toBe(204);
    expect(await kept()).toEqual(['user.ab']);
  });

  it('section 7: a user whose id is so long that no topic fits below it is erased all the same', async () => {
    const { ingest, erase, purged, kept } = await startEraser();
    const topic = `user.${'x'.repeat(250)}`;
    await publishAll(ingest, [topic]);
    expect((await erase(`/v1/users/${'x'.repeat(251)}/events`)).status).toBe(422);
    expect((await erase(`/v1/users/${'x'.repeat(250)}/events`)).status).toBe(204);
    expect(purged).toEqual([{ tenant: 'default', patterns: [topic] }]);
    expect(await kept()).toEqual([]);
  });

  it('section 1: an admin erases in the tenant of the token alone', async () => {
    const { ingest, erase, kept } = await startEraser();
    await publishAll(ingest, ['orders.1', 'user.a']);
    await publishAll(ingest, ['orders.1', 'user.a'], { tenant: 'acme' });
    const theirs = await admin({ tenant: 'acme' });
    const others = await admin({ tenant: 'other' });
    for (const path of ['/v1/topics/%3E/events', '/v1/users/a/events']) {
      expect((await erase(path, others)).status).toBe(204);
      expect(await kept('acme')).toEqual(['orders.1', 'user.a']);
    }
    expect((await erase('/v1/topics/%3E/events', theirs)).status).toBe(204);
    expect(await kept('acme')).toEqual([]);
    expect(await kept()).toEqual(['orders.1', 'user.a']);
  });

  it('section 7: without a token it is 401, with one that is no admin’s 403, whatever else that may do', async () => {
    const { ingest, erase, purged } = await startEraser();
    const mighty = await mintToken(
      SECRET,
      { sub: 'alice', tidings: { publish: ['>'], subscribe: ['>'] } },
      60,
      systemClock,
    );
    for (const path of ['/v1/topics/orders/events', '/v1/users/alice/events', '/v1/topics/a..b/events?x=1']) {
      const missing = await erase(path, '');
      expect([missing.status, missing.headers['www-authenticate']]).toEqual([401, 'Bearer realm="tidings"']);
      expect((await erase(path, 'x')).status).toBe(401);
      const refused = await erase(path, mighty);
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="tidings", error="insufficient_scope"');
    }
    const headers = { Cookie: `tidings=${await admin()}`, Origin: 'https://evil.example' };
    const foreign = await ingest.send('/v1/topics/orders/events', { method: 'DELETE', headers, token: '' });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'forbidden-origin']);
    expect(purged).toEqual([]);
    headers.Origin = toOrigin(ingest.port);
    expect((await ingest.send('/v1/topics/orders/events', { method: 'DELETE', headers, token: '' })).status).toBe(204);
  });

  it.each([
    ['/v1/topics/a..b/events', 422, 'invalid-topic'],
    ['/v1/topics/%3E.a/events', 422, 'invalid-topic'],
    ['/v1/topics/$hub.audit/events', 422, 'invalid-topic'],
    ['/v1/topics/%24.%3E/events', 422, 'invalid-topic'],
    ['/v1/topics/a%zz/events', 400, 'malformed-url'],
    ['/v1/users/a%20b/events', 422, 'invalid-user'],
    ['/v1/topics/a/events?before=2026-01-01', 422, 'unknown-field'],
    ['/v1/users/a/events?topic=b', 422, 'unknown-field'],
  ])('section 7: %s is %i %s, and nothing is erased', async (path, status, code) => {
    const { erase, purged } = await startEraser();
    const answer = await erase(path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(purged).toEqual([]);
  });

  it('section 7: a body, which might be meant to narrow it, is refused, and nothing is erased', async () => {
    const { ingest, purged } = await startEraser();
    const body = '{"topic":"orders.1"}';
    // Node's client frames no body of a DELETE by itself.
    const headers = { 'Content-Type': 'application/json', 'content-length': `${body.length}` };
    const sent = { method: 'DELETE', token: await admin(), body, headers };
    const answer = await ingest.send('/v1/topics/%3E/events', sent);
    expect([answer.status, answer.body.code]).toEqual([413, 'body-too-large']);
    expect(purged).toEqual([]);
  });

  it('section 7: the token may stand in the URL, whose answer says so', async () => {
    const { erase } = await startEraser();
    const answer = await erase(`/v1/users/a/events?access_token=${await admin()}`, '');
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
  });

  it('section 7: an edge that does not confirm, or a broker that is away, is 503 with Retry-After', async () => {
    const error = new TidingsError('unavailable', '1 edge(s) did not confirm the erasure', { retryAfterSec: 1 });
    const { erase } = await startEraser({ wrap: () => ({ purge: () => Promise.reject(error) }) });
    for (const path of ['/v1/topics/a/events', '/v1/users/a/events']) {
      const answer = await erase(path);
      expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'unavailable', '1']);
    }
  });

  it('section 7: it is answered when the broker says that nothing can be read, and not before', async () => {
    let confirm = (): void => {};
    const confirmed = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    const { erase } = await startEraser({ wrap: () => ({ purge: () => confirmed }) });
    let status = 0;
    const answered = erase('/v1/topics/a/events').then((answer) => {
      status = answer.status;
    });
    await erase('/v1/topics/a..b/events');
    expect(status).toBe(0);
    confirm();
    await answered;
    expect(status).toBe(204);
  });
});
