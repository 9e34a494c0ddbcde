import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NATIVE, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names } from './received.ts';

// The rates read the wall clock and forget by timers; Node's sockets have timers of their own.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const CLIENT = 'topic=a&client=sdk/1.0';

const bearer = async (edge: TestEdge, sub = 'alice', tenant = 'default') => ({
  authorization: `Bearer ${await edge.token({ subscribe: ['>'] }, { sub, tenant })}`,
});

/** Opens a stream as a client that declares itself, and says how that went. */
async function connect(edge: TestEdge, headers: Record<string, string>, query = CLIENT) {
  const stream = await edge.stream(query, { headers });
  if (stream.status === 200) return 200;
  await stream.end();
  return [stream.status, JSON.parse(stream.text).code];
}

const LIMITED = [429, 'rate-limited'];

describe('section 9: rates of connecting', () => {
  it('are off by default', async () => {
    const edge = await startEdge();
    for (let time = 0; time < 20; time += 1) expect(await connect(edge, await bearer(edge))).toBe(200);
  });

  it('by user: others are not touched, nor is the same name in another tenant, and who waits gets in', async () => {
    const edge = await startEdge({ settings: { rateConnect: 2 } });
    const alice = await bearer(edge);
    expect([await connect(edge, alice), await connect(edge, alice)]).toEqual([200, 200]);
    const refused = await edge.get(`/v1/stream?${CLIENT}`, alice);
    expect([refused.status, (await refused.json()).code]).toEqual(LIMITED);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(5);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(30);
    expect(refused.headers.get('ratelimit-policy')).toBe('"user";q=2;w=1');
    expect(refused.headers.get('ratelimit')).toBe('"user";r=0;t=1');
    expect(await connect(edge, await bearer(edge, 'bob'))).toBe(200);
    expect(await connect(edge, await bearer(edge, 'alice', 'acme'))).toBe(200);
    vi.advanceTimersByTime(1_000);
    expect(await connect(edge, alice)).toBe(200);
  });

  it('by tenant: its users share it', async () => {
    const edge = await startEdge({ settings: { rateConnectPerTenant: 2 } });
    expect(await connect(edge, await bearer(edge, 'alice', 'acme'))).toBe(200);
    expect(await connect(edge, await bearer(edge, 'bob', 'acme'))).toBe(200);
    expect(await connect(edge, await bearer(edge, 'carol', 'acme'))).toEqual(LIMITED);
    expect(await connect(edge, await bearer(edge, 'carol', 'other'))).toBe(200);
  });

  it('by address: before a token is looked at, and whatever X-Forwarded-For says', async () => {
    const edge = await startEdge({ settings: { rateConnectPerAddress: 2 } });
    const forged = (address: string) => ({ authorization: 'Bearer forged', 'x-forwarded-for': address });
    expect(await connect(edge, forged('192.0.2.1'))).toEqual([401, 'unauthenticated']);
    expect(await connect(edge, forged('192.0.2.2'))).toEqual([401, 'unauthenticated']);
    expect(await connect(edge, forged('192.0.2.3'))).toEqual(LIMITED);
    expect(await connect(edge, await bearer(edge))).toEqual(LIMITED);
    expect((await edge.metrics.authFailures.get()).values.reduce((sum, { value }) => sum + value, 0)).toBe(2);
  });

  it('without a token only the address counts', async () => {
    const edge = await startEdge({
      settings: { rateConnect: 1, rateConnectPerTenant: 1, rateConnectPerAddress: 3 },
      classes: { a: { public: true } },
    });
    for (let time = 0; time < 3; time += 1) expect(await connect(edge, {})).toBe(200);
    expect(await connect(edge, {})).toEqual(LIMITED);
    vi.advanceTimersByTime(1_000);
    expect(await connect(edge, await bearer(edge))).toBe(200);
    expect(await connect(edge, await bearer(edge))).toEqual(LIMITED);
  });

  it.each([
    ['a user', { rateConnect: 1 }],
    ['a tenant', { rateConnectPerTenant: 1 }],
    ['an address', { rateConnectPerAddress: 1 }],
  ])(
    'section 4: a native EventSource of %s is asked softly to come back, and counted as such',
    async (_who, settings) => {
      const edge = await startEdge({ settings });
      const headers = { ...NATIVE, ...(await bearer(edge)) };
      const first = await edge.stream('topic=a', { headers });
      await first.event('hub.live');
      const second = await edge.stream('topic=a', { headers });
      await second.end();
      expect([second.status, names(second)]).toEqual([200, ['hub.bye']]);
      const bye = await controlOf(second, 'hub.bye');
      expect(bye.reason).toBe('rate-limited');
      expect(second.retries).toEqual([bye.retry]);
      expect(bye.retry).toBeGreaterThanOrEqual(5_000);
      const { values } = await edge.metrics.connectionsTotal.get();
      expect(values.find(({ labels }) => labels.result === 'rate-limited')?.value).toBe(1);
    },
  );
});

describe('TIDINGS_MAX_CONNECTIONS_PER_TENANT', () => {
  it('bounds the open streams of a tenant, whoever has them', async () => {
    const edge = await startEdge({ settings: { maxConnectionsPerTenant: 2 } });
    expect(await connect(edge, await bearer(edge, 'alice', 'acme'))).toBe(200);
    expect(await connect(edge, await bearer(edge, 'bob', 'acme'))).toBe(200);
    expect(await connect(edge, await bearer(edge, 'carol', 'acme'))).toEqual([429, 'too-many-streams']);
    expect(await connect(edge, await bearer(edge, 'carol', 'other'))).toBe(200);
  });
});
