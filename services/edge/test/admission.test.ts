import { describe, expect, it } from 'vitest';
import { createAdmission } from '../src/admission.ts';
import { eventually } from './eventually.ts';
import { NATIVE, startEdge } from './fixture.ts';
import { controlOf, names } from './received.ts';

const holder = (user: string | undefined, address = '10.0.0.1', tenant = 'default') => ({ tenant, user, address });
const NO_LIMITS = { streams: 0, streamsPerUser: 0, streamsPerTenant: 0, streamsPerAddress: 0 };

describe('createAdmission', () => {
  it('without limits takes whoever comes', () => {
    const admission = createAdmission(NO_LIMITS);
    for (let each = 0; each < 100; each += 1) admission.enter(holder('alice'));
    expect([admission.full, admission.refusal(holder('alice'))]).toEqual([false, undefined]);
  });

  it('is full at the limit, and not after one has left', () => {
    const admission = createAdmission({ ...NO_LIMITS, streams: 2 });
    admission.enter(holder('alice'));
    expect(admission.full).toBe(false);
    admission.enter(holder('bob'));
    expect([admission.full, admission.refusal(holder('carol'))]).toEqual([true, 'capacity']);
    admission.leave(holder('alice'));
    expect([admission.full, admission.refusal(holder('carol'))]).toEqual([false, undefined]);
  });

  it('counts a user in each tenant alone, and nobody for nobody', () => {
    const admission = createAdmission({ ...NO_LIMITS, streamsPerUser: 1 });
    admission.enter(holder('alice'));
    admission.enter(holder(undefined));
    admission.enter(holder(undefined));
    expect(admission.refusal(holder('alice', '10.0.0.2'))).toBe('user');
    expect(admission.refusal(holder('alice', '10.0.0.1', 'acme'))).toBeUndefined();
    expect(admission.refusal(holder(undefined))).toBeUndefined();
    admission.leave(holder('alice'));
    expect(admission.refusal(holder('alice'))).toBeUndefined();
  });

  it('counts an address, whoever comes from it', () => {
    const admission = createAdmission({ ...NO_LIMITS, streamsPerAddress: 2 });
    admission.enter(holder('alice'));
    admission.enter(holder(undefined));
    expect(admission.refusal(holder('bob'))).toBe('address');
    expect(admission.refusal(holder('bob', '10.0.0.2'))).toBeUndefined();
  });
});

describe('section 4: streams beyond a limit', () => {
  const limits = [
    ['in total', { maxConnections: 1 }, 503, 'at-capacity'],
    ['of a user', { maxConnectionsPerUser: 1 }, 429, 'too-many-streams'],
    ['of an address', { maxConnectionsPerAddress: 1 }, 429, 'too-many-streams'],
  ] as const;

  it.each(limits)(
    '%s: a native EventSource is sent away softly, and gets in when there is room',
    async (_what, settings) => {
      const edge = await startEdge({ settings });
      const headers = { ...NATIVE, authorization: `Bearer ${await edge.token()}` };
      const first = await edge.stream('topic=a', { headers });
      await first.event('hub.live');
      const second = await edge.stream('topic=a', { headers });
      await second.end();
      expect(second.status).toBe(200);
      expect(names(second)).toEqual(['hub.bye']);
      const bye = await controlOf(second, 'hub.bye');
      expect(bye.reason).toBe('capacity');
      expect(bye.retry).toBeGreaterThanOrEqual(5_000);
      expect(bye.retry).toBeLessThanOrEqual(30_000);
      expect(second.retries).toEqual([bye.retry]);
      first.destroy();
      await eventually(() => edge.edge.openStreams === 0);
      const third = await edge.stream('topic=a', { headers });
      await third.event('hub.live');
    },
  );

  it.each(limits)('%s: a declared client gets %o and %i with Retry-After', async (_what, settings, status, code) => {
    const edge = await startEdge({ settings });
    const headers = { ...NATIVE, authorization: `Bearer ${await edge.token()}` };
    await (await edge.stream('topic=a', { headers })).event('hub.live');
    const answer = await edge.get('/v1/stream?topic=a&client=sdk/1.0', headers);
    expect([answer.status, (await answer.json()).code]).toEqual([status, code]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(5);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(30);
  });

  it('a full edge looks at no token, and still answers all that is no stream', async () => {
    const edge = await startEdge({ settings: { maxConnections: 1 } });
    await (await edge.stream('topic=a')).event('hub.live');
    const answer = await edge.get('/v1/stream?topic=a&client=sdk/1.0', { authorization: 'Bearer nonsense' });
    expect(answer.status).toBe(503);
    expect((await edge.get('/v1/position')).status).toBe(200);
  });
});
