import { ANONYMOUS } from '@tidings/auth';
import type { PublishInput } from '@tidings/broker';
import { createLogger, loadSettings, type ServiceContext, systemClock } from '@tidings/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPublishLimits } from '../src/publish-limit.ts';
import { createQuota } from '../src/quota.ts';
import { type Answer, startIngest, type TestIngest } from './fixture.ts';

// The rates read the wall clock and forget by timers; Node's sockets have timers of their own.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const statusOf = ({ status, body, headers }: Answer) => [status, body.code, headers['retry-after']];
const LIMITED = [429, 'rate-limited', '1'];
const ACCEPTED = [202, undefined, undefined];

/** Publishes one event with a token of this user and tenant. */
async function as(ingest: TestIngest, user: string, tenant: string, event: unknown = { topic: 'a', data: 1 }) {
  return ingest.publish(event, { token: await ingest.token(['>'], { sub: user, tenant }) });
}

describe('rates of publishing', () => {
  it('section 9: are off by default, and then no answer speaks of them', async () => {
    const settings = loadSettings({});
    expect([settings.ratePublish, settings.ratePublishPerTenant, settings.ratePublishPerAddress]).toEqual([0, 0, 0]);
    expect([settings.ratePublishBytes, settings.ratePublishBytesPerTenant, settings.quotaEvents]).toEqual([0, 0, 0]);
    const ingest = await startIngest();
    const answer = await ingest.publish([...Array(500).keys()].map((data) => ({ topic: 'a', data })));
    expect(answer.status).toBe(202);
    expect(answer.headers).not.toHaveProperty('ratelimit');
  });

  it('by user: a refused request publishes nothing, and with its key it is stored once after the wait', async () => {
    const ingest = await startIngest({ limits: { ratePublish: 2 } });
    const event = (id: string) => ({ topic: 'a', data: id, id });
    expect(statusOf(await ingest.publish(event('one')))).toEqual(ACCEPTED);
    expect(statusOf(await ingest.publish(event('two')))).toEqual(ACCEPTED);
    const refused = await ingest.publish(event('three'));
    expect(statusOf(refused)).toEqual(LIMITED);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(ingest.texts()).toEqual(['one', 'two']);
    vi.advanceTimersByTime(1_000);
    const retried = await ingest.publish(event('three'));
    expect([retried.status, retried.body.duplicate]).toEqual([202, undefined]);
    expect((await ingest.publish(event('three'))).body.duplicate).toBe(true);
    expect(ingest.texts()).toEqual(['one', 'two', 'three']);
  });

  it('what a rate refused, of requests that were let in at once, takes nothing from the quota', async () => {
    const log = createLogger('ingest', 'silent', { write: () => {} });
    const quota = createQuota({ eventsPerDay: 1_000, cluster: undefined, clock: systemClock, log });
    const none = {
      ratePublishPerTenant: 0,
      ratePublishPerAddress: 0,
      ratePublishBytes: 0,
      ratePublishBytesPerTenant: 0,
    };
    const limits = createPublishLimits({ ...none, ratePublish: 1 }, quota);
    const context = { set: () => {} } as unknown as ServiceContext;
    const grant = { ...ANONYMOUS, user: 'alice', tenant: 'acme' };
    const inputs = Array.from({ length: 10 }, () => ({ data: Buffer.from('x') }) as unknown as PublishInput);
    let arrive = (): void => {};
    const bodies = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const runs = [0, 1].map(() =>
      limits?.run(context, grant, async (admit) => {
        await bodies;
        const report = await admit(inputs.length, inputs);
        report(inputs.map((_, index) => ({ status: 202, index })));
        return new Response();
      }),
    );
    arrive();
    expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(quota.standing('acme').left).toBe(990);
    await quota.close();
  });

  it('by user: users and tenants do not use up each other’s, and tokens without a user share one', async () => {
    const ingest = await startIngest({ limits: { ratePublish: 1 } });
    expect(statusOf(await as(ingest, 'alice', 'acme'))).toEqual(ACCEPTED);
    expect(statusOf(await as(ingest, 'alice', 'acme'))).toEqual(LIMITED);
    expect(statusOf(await as(ingest, 'bob', 'acme'))).toEqual(ACCEPTED);
    expect(statusOf(await as(ingest, 'alice', 'other'))).toEqual(ACCEPTED);
    const nameless = async () =>
      ingest.publish({ topic: 'a', data: 1 }, { token: await ingest.token(['>'], { sub: undefined }) });
    expect(statusOf(await nameless())).toEqual(ACCEPTED);
    expect(statusOf(await nameless())).toEqual(LIMITED);
  });

  it('by tenant: two users share it, another tenant has its own', async () => {
    const ingest = await startIngest({ limits: { ratePublishPerTenant: 2 } });
    expect(statusOf(await as(ingest, 'alice', 'acme'))).toEqual(ACCEPTED);
    expect(statusOf(await as(ingest, 'bob', 'acme'))).toEqual(ACCEPTED);
    expect(statusOf(await as(ingest, 'carol', 'acme'))).toEqual(LIMITED);
    expect(statusOf(await as(ingest, 'carol', 'other'))).toEqual(ACCEPTED);
  });

  it.each([
    ['a forged X-Forwarded-For is not believed', [], LIMITED],
    ['that of a trusted proxy is', ['127.0.0.1', '::1'], ACCEPTED],
  ] as const)('by address: %s', async (_what, trustedProxies, second) => {
    const ingest = await startIngest({ limits: { ratePublishPerAddress: 1 }, trustedProxies });
    const behind = (address: string, sub: string) =>
      ingest
        .token(['>'], { sub })
        .then((token) => ingest.publish({ topic: 'a', data: 1 }, { token, headers: { 'X-Forwarded-For': address } }));
    expect(statusOf(await behind('192.0.2.1', 'alice'))).toEqual(ACCEPTED);
    expect(statusOf(await behind('192.0.2.1', 'bob'))).toEqual(LIMITED);
    expect(statusOf(await behind('192.0.2.2', 'bob'))).toEqual(second);
  });

  it('count each topic of an event, each result of a batch, and what fails as a whole as one event', async () => {
    const ingest = await startIngest({ limits: { ratePublish: 100 } });
    const left = async (asked: Promise<Answer>) => (await asked).headers.ratelimit;
    expect(await left(ingest.publish({ topics: ['a', 'b', 'c'], data: 1 }))).toBe('"user";r=97;t=1');
    expect(await left(ingest.publish([{ topic: 'a', data: 1 }, { topic: '*' }, { topics: ['a', 'b'], data: 1 }]))).toBe(
      '"user";r=93;t=1',
    );
    expect(await left(ingest.raw('a', 'text'))).toBe('"user";r=92;t=1');
    const malformed = await ingest.send('/v1/events', { body: '{', headers: { 'Content-Type': 'application/json' } });
    expect([malformed.status, malformed.headers.ratelimit]).toEqual([400, '"user";r=92;t=1']);
    expect(await left(ingest.raw('a', 'text'))).toBe('"user";r=90;t=1');
  });

  it('a batch larger than the rate goes through, and is paid back by waiting', async () => {
    const ingest = await startIngest({ limits: { ratePublish: 10 } });
    const batch = [...Array(35).keys()].map((data) => ({ topic: 'a', data }));
    const answer = await ingest.publish(batch);
    expect([answer.status, answer.body.results.length]).toEqual([202, 35]);
    expect(answer.headers.ratelimit).toBe('"user";r=0;t=4');
    expect(statusOf(await ingest.publish({ topic: 'a', data: 1 }))).toEqual([429, 'rate-limited', '4']);
    vi.advanceTimersByTime(3_400);
    expect(statusOf(await ingest.publish(batch))).toEqual(LIMITED);
    expect(ingest.messages).toHaveLength(35);
    vi.advanceTimersByTime(100);
    expect(statusOf(await ingest.publish({ topic: 'a', data: 1 }))).toEqual(ACCEPTED);
  });

  it('by bytes: of a user and of a tenant, as delivered and for each topic', async () => {
    const ingest = await startIngest({ limits: { ratePublishBytes: 100, ratePublishBytesPerTenant: 150 } });
    const text = (size: number, topics = ['a']) => ({ topics, data: 'x'.repeat(size) });
    const first = await as(ingest, 'alice', 'acme', text(30, ['a', 'b']));
    expect(first.headers['ratelimit-policy']).toBe(
      '"user-bytes";q=100;qu="content-bytes";w=1, "tenant-bytes";q=150;qu="content-bytes";w=1',
    );
    expect(first.headers.ratelimit).toBe('"user-bytes";r=40;t=1, "tenant-bytes";r=90;t=1');
    expect((await as(ingest, 'alice', 'acme', text(40))).status).toBe(202);
    expect(statusOf(await as(ingest, 'alice', 'acme', text(1)))).toEqual(LIMITED);
    expect((await as(ingest, 'bob', 'acme', text(50))).status).toBe(202);
    expect(statusOf(await as(ingest, 'bob', 'acme', text(1)))).toEqual(LIMITED);
    expect((await as(ingest, 'bob', 'other', text(1))).status).toBe(202);
  });

  it('stand on every answer, also on failures, and pages may read them', async () => {
    const ingest = await startIngest({ limits: { ratePublish: 5, ratePublishPerTenant: 50 } });
    const headers = { Origin: 'https://app.example' };
    const answers = [
      await ingest.publish({ topic: 'a', data: 1 }, { headers }),
      await ingest.publish([{ topic: 'a', data: 1 }], { headers }),
      await ingest.publish({ topic: '*', data: 1 }, { headers }),
      await ingest.publish({ topic: 'a', data: 1 }, { headers, token: await ingest.token([], {}) }),
      await ingest.publish({ topic: 'a', data: 1 }, { headers }),
      await ingest.publish({ topic: 'a', data: 1 }, { headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 422, 403, 202, 429]);
    for (const answer of answers) {
      expect(answer.headers['ratelimit-policy']).toBe('"user";q=5;w=1, "tenant";q=50;w=1');
      expect(answer.headers.ratelimit).toMatch(/^"user";r=\d;t=1, "tenant";r=4\d;t=1$/);
      expect(answer.headers['access-control-expose-headers']).toContain('RateLimit, RateLimit-Policy');
    }
  });

  it('a user that has nothing left is refused before its body is read', async () => {
    const ingest = await startIngest({ limits: { ratePublish: 1 } });
    await ingest.publish({ topic: 'a', data: 1 });
    const answer = await ingest.send('/v1/events', { body: '{', headers: { 'Content-Type': 'application/json' } });
    expect(statusOf(answer)).toEqual(LIMITED);
  });
});
