import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createDrain } from '../src/drain.ts';
import type { Session } from '../src/session.ts';
import type { SessionRegistry } from '../src/session-registry.ts';
import { eventually } from './eventually.ts';
import { startEdge } from './fixture.ts';
import { controlOf } from './received.ts';

interface Leave {
  readonly atMs: number;
  readonly retryMs: number;
}

/** A drain of as many sessions, and when each was told to leave. */
function start(streams: number, spreadMs: number, alone = false) {
  const clock = createFakeClock();
  const leaves: Leave[] = [];
  const sessions = Array.from({ length: streams }, () => ({
    close: (_reason: string, retryMs: number) => void leaves.push({ atMs: clock.elapsed(), retryMs }),
  })) as unknown as Session[];
  const registry = { list: () => sessions } as unknown as SessionRegistry;
  const drain = createDrain({ registry, clock, spreadMs, alone });
  let done = false;
  const begin = (): Promise<void> =>
    drain.begin().then(() => {
      done = true;
    });
  return { clock, drain, leaves, begin, isDone: () => done };
}

const mostIn = (binMs: number, times: readonly number[]): number => {
  const bins = new Map<number, number>();
  for (const ms of times) bins.set(Math.floor(ms / binMs), (bins.get(Math.floor(ms / binMs)) ?? 0) + 1);
  return Math.max(...bins.values());
};

describe('createDrain', () => {
  it('5,000 streams leave evenly, and all are back within the time', async () => {
    const { clock, leaves, begin, isDone } = start(5_000, 10_000);
    const done = begin();
    expect(isDone()).toBe(false);
    clock.advance(10_000);
    await done;
    const back = leaves.map(({ atMs, retryMs }) => atMs + retryMs);
    expect(back).toHaveLength(5_000);
    expect(Math.max(...back)).toBeLessThanOrEqual(10_000);
    // Hardening section 2: no second holds more than three times the mean; here it is hardly more than the mean.
    expect(mostIn(1_000, back)).toBeLessThan(1.3 * (5_000 / 9));
    expect(Math.min(...leaves.map(({ retryMs }) => retryMs))).toBeGreaterThanOrEqual(250);
  });

  it('a few streams do not hold the process up', async () => {
    const { clock, leaves, begin } = start(20, 10_000);
    const done = begin();
    clock.advance(1_000);
    await done;
    expect(leaves).toHaveLength(20);
  });

  it.each([0, 300, 1_000])('with %i ms all leave at once', async (spreadMs) => {
    const { leaves, begin } = start(100, spreadMs);
    await begin();
    expect(leaves).toHaveLength(100);
    for (const { retryMs } of leaves) expect(retryMs).toBeLessThanOrEqual(Math.max(250, spreadMs));
  });

  it('without another edge all leave at once, and come back evenly over the time', async () => {
    const { leaves, begin } = start(1_000, 10_000, true);
    await begin();
    expect(leaves.map(({ atMs }) => atMs)).toEqual(Array(1_000).fill(0));
    const retries = leaves.map(({ retryMs }) => retryMs);
    expect(Math.max(...retries)).toBeLessThanOrEqual(10_000);
    expect(mostIn(1_000, retries)).toBeLessThanOrEqual(150);
  });

  it('is one drain, however often it is asked for, and ends when nobody waits any longer', async () => {
    const { clock, drain, leaves, begin } = start(5_000, 10_000);
    expect(drain.begun).toBe(false);
    const both = Promise.all([begin(), begin()]);
    expect(drain.begun).toBe(true);
    clock.advance(5_000);
    drain.stop();
    await both;
    const told = leaves.length;
    expect(told).toBeGreaterThan(2_000);
    expect(told).toBeLessThan(3_500);
    clock.advance(10_000);
    expect(leaves).toHaveLength(told);
    expect(clock.pending).toBe(0);
  });

  it('with no stream open there is nothing to wait for', async () => {
    const { clock, begin } = start(0, 10_000);
    await begin();
    expect(clock.pending).toBe(0);
  });
});

describe('section 4: a draining edge', () => {
  it('tells every stream hub.bye draining with its retry, and feeds those that wait for their turn', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock, settings: { drainMs: 10_000 } });
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const clients = await Promise.all(Array.from({ length: 40 }, () => edge.stream('topic=a', { headers })));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    const drained = edge.edge.drain();
    clock.advance(100);
    await eventually(() => edge.edge.openStreams < 40);
    expect(edge.edge.openStreams).toBeGreaterThan(0);
    await eventually(() => clients.filter(({ ended }) => ended).length === 40 - edge.edge.openStreams);
    const waiting = clients.filter(({ ended }) => !ended);
    await Promise.all(waiting.map((client) => client.until(() => client.events.length > 0)));
    await edge.publish('a', 'until the end');
    await Promise.all(waiting.map((client) => payloadsUntilHere(client)));
    clock.advance(2_000);
    await drained;
    for (const client of clients) {
      const bye = await controlOf(client, 'hub.bye');
      await client.end();
      expect(bye.reason).toBe('draining');
      expect(client.retries.at(-1)).toBe(bye.retry);
    }
    expect(edge.edge.openStreams).toBe(0);
  });
});

const payloadsUntilHere = (client: StreamClient): Promise<StreamClient> =>
  client.until(({ text }) => text.includes('data: until the end'));
