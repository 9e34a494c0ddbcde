import { createMemoryBus, createMemoryCluster, type MemoryBus } from '@tidings/broker/memory';
import { TidingsError } from '@tidings/protocol';
import { createLogger } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createQuota } from '../src/quota.ts';
import { createIngest, startIngest, type TestIngest } from './fixture.ts';

const HALF_PAST_ELEVEN = Date.UTC(2026, 10, 21, 23, 30);
const batch = (count: number, key = 'event') =>
  [...Array(count).keys()].map((each) => ({ topic: 'a', data: each, id: `${key} ${each}` }));
const as = async (ingest: TestIngest, tenant: string, event: unknown) =>
  ingest.publish(event, { token: await ingest.token(['>'], { tenant }) });

describe('the quota of events in a day', () => {
  it('refuses what is more than is left until midnight UTC, and takes it the next day', async () => {
    const clock = createFakeClock(HALF_PAST_ELEVEN);
    const ingest = await startIngest({ clock, limits: { quotaEvents: 5 } });
    const first = await ingest.publish(batch(3));
    expect(first.headers['ratelimit-policy']).toBe('"tenant-day";q=5;w=86400');
    expect(first.headers.ratelimit).toBe('"tenant-day";r=2;t=1800');
    const refused = await ingest.publish(batch(3, 'more'));
    expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([
      429,
      'quota-exceeded',
      '1800',
    ]);
    expect(refused.body.detail).toContain('2 are left until midnight UTC');
    expect(ingest.messages).toHaveLength(3);
    expect((await ingest.publish({ topics: ['a', 'b'], data: 1 })).status).toBe(202);
    expect((await ingest.publish({ topic: 'a', data: 1 })).body.code).toBe('quota-exceeded');
    clock.advance(1_800_000 - 1);
    const late = await ingest.publish({ topic: 'a', data: 1 });
    expect([late.body.code, late.headers['retry-after']]).toEqual(['quota-exceeded', '1']);
    clock.advance(1);
    expect((await ingest.publish(batch(5, 'next'))).status).toBe(202);
  });

  it('is each tenant’s own', async () => {
    const ingest = await startIngest({ limits: { quotaEvents: 1 } });
    expect((await as(ingest, 'acme', { topic: 'a', data: 1 })).status).toBe(202);
    expect((await as(ingest, 'acme', { topic: 'a', data: 1 })).status).toBe(429);
    expect((await as(ingest, 'other', { topic: 'a', data: 1 })).status).toBe(202);
  });

  it('counts what was stored, and neither what failed nor what its key had stored before', async () => {
    let away = true;
    const ingest = await startIngest({
      limits: { quotaEvents: 3 },
      wrap: (broker) => ({
        publish: async (input) => {
          if (away) throw new TidingsError('unavailable', 'away', { retryAfterSec: 1 });
          return broker.publish(input);
        },
      }),
    });
    const left = '"tenant-day";r=3;';
    for (let time = 0; time < 3; time += 1) expect((await ingest.publish(batch(2))).status).toBe(503);
    away = false;
    expect((await ingest.publish([{ topic: '*' }, ...batch(2)])).headers.ratelimit).not.toContain(left);
    for (let time = 0; time < 3; time += 1)
      expect((await ingest.publish(batch(1))).body.results[0].duplicate).toBe(true);
    expect((await ingest.publish({ topic: 'a', data: 1 })).status).toBe(202);
    expect((await ingest.publish({ topic: 'a', data: 1 })).status).toBe(429);
  });

  it('takes nothing of the rates when it refuses, and keeps nothing when they do', async () => {
    const ingest = await startIngest({ limits: { quotaEvents: 10, ratePublish: 100 } });
    const limits = async (asked: Promise<{ headers: Record<string, unknown> }>) => (await asked).headers.ratelimit;
    await ingest.publish(batch(4));
    expect((await ingest.publish(batch(7, 'more'))).status).toBe(429);
    expect(await limits(ingest.publish(batch(1, 'last')))).toMatch(/^"user";r=95;t=1, "tenant-day";r=5;/);
  });

  it('holds over all ingests: each knows within seconds what the others stored, and at its start what was stored before', async () => {
    const clock = createFakeClock(HALF_PAST_ELEVEN);
    const bus = createMemoryBus();
    const start = async () => {
      const cluster = createMemoryCluster({ bus, clock });
      const ingest = await createIngest({ clock, cluster, limits: { quotaEvents: 10 } });
      await cluster.open();
      return ingest;
    };
    const [one, two] = [await start(), await start()];
    await one.publish(batch(4));
    await two.publish(batch(3));
    expect((await one.publish(batch(1, 'a'))).headers.ratelimit).toContain('r=5;');
    clock.advance(3_000);
    await settled();
    expect((await two.publish(batch(1, 'b'))).headers.ratelimit).toContain('r=1;');
    // What is not written yet is written at the end.
    await one.publish(batch(1, 'c'));
    await Promise.all([one.stop(), two.stop()]);
    const three = await start();
    expect((await three.publish({ topic: 'a', data: 1 })).body.code).toBe('quota-exceeded');
    clock.advance(1_800_000);
    expect((await three.publish(batch(10, 'd'))).status).toBe(202);
    await three.stop();
    expect([...bus.entries.keys()].every((key) => /^quota\.2026-11-2[12]\.[\w-]{22}\.[0-9a-z]{8}$/.test(key))).toBe(
      true,
    );
  });
});

/** A turn of the event loop, in which all that a cluster in memory puts is told. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createQuota', () => {
  const lines: string[] = [];
  const log = createLogger('ingest', 'warn', { write: (line) => void lines.push(line) });
  const member = async (bus: MemoryBus, clock = createFakeClock(HALF_PAST_ELEVEN)) => {
    const cluster = createMemoryCluster({ bus, clock });
    const quota = createQuota({ eventsPerDay: 100, cluster, clock, log });
    await cluster.open();
    return { cluster, quota, clock };
  };

  it('keeps what is reserved until it is settled, and then what was stored', async () => {
    const { quota } = await member(createMemoryBus());
    const settle = quota.reserve('acme', 60);
    expect(quota.standing('acme').left).toBe(40);
    expect(() => quota.reserve('acme', 41)).toThrow(expect.objectContaining({ code: 'quota-exceeded' }));
    settle(10);
    expect(quota.standing('acme').left).toBe(90);
    await quota.close();
  });

  it('a day that ended while events were under way is not charged to the next', async () => {
    const { quota, clock } = await member(createMemoryBus());
    const settle = quota.reserve('acme', 60);
    clock.advance(1_800_000);
    settle(60);
    expect(quota.standing('acme').left).toBe(100);
    await quota.close();
  });

  it('keeps what a node whose clock is ahead stored of tomorrow, and takes no entry twice', async () => {
    const bus = createMemoryBus();
    const one = await member(bus);
    const ahead = await member(bus, createFakeClock(HALF_PAST_ELEVEN + 1_800_000));
    ahead.quota.reserve('acme', 30)(30);
    await ahead.quota.close();
    expect(one.quota.standing('acme').left).toBe(100);
    one.clock.advance(1_800_000);
    expect(one.quota.standing('acme').left).toBe(70);
    const [key, entry] = [...bus.entries][0] ?? ['', undefined];
    for (let time = 0; time < 3; time += 1) await ahead.cluster.state.put(key, entry?.value ?? '', 60);
    expect(one.quota.standing('acme').left).toBe(70);
    await one.quota.close();
  });

  it('writes again what could not be written, and says so', async () => {
    const bus = createMemoryBus();
    const one = await member(bus);
    const other = await member(bus);
    one.quota.reserve('acme', 30)(30);
    const { state } = one.cluster;
    const put = state.put;
    state.put = async () => {
      throw new TidingsError('unavailable', 'cut off');
    };
    one.clock.advance(3_000);
    await settled();
    expect(lines.join('')).toContain('counts of the quota can not be written');
    expect(other.quota.standing('acme').left).toBe(100);
    state.put = put;
    one.clock.advance(3_000);
    await settled();
    expect(other.quota.standing('acme').left).toBe(70);
    await Promise.all([one.quota.close(), other.quota.close()]);
    expect([one.clock.pending, bus.entries.size]).toEqual([0, 1]);
  });
});
