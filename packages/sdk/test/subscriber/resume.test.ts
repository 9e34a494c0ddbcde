import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCuttingProxy } from '../../../../test/cutting-proxy.ts';
import { createTidings } from '../../src/subscriber/create-tidings.ts';
import type { TidingsNotices } from '../../src/subscriber/tidings.ts';
import { startTestHub } from '../hub.ts';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, place) => place + 1);

describe('a client whose connection breaks', () => {
  test('gets each event once, live and of the past, wherever it is cut', async () => {
    const hub = await startTestHub();
    // In the middle of the replay that a change brings.
    const proxy = await createCuttingProxy(Number(new URL(hub.url).port), [40_000, 60_000, 60_000]);
    onTestFinished(() => proxy.close());
    await hub.publish('past', ...upTo(1_000));
    const tidings = createTidings({ url: `http://127.0.0.1:${proxy.port}`, token: await hub.token(['>']) });
    onTestFinished(() => tidings.close());
    tidings.on('error', ({ code }) => expect(code).toBe('network'));
    const live: unknown[] = [];
    await tidings.subscribe('live', ({ data }) => live.push(data)).ready;
    const past: unknown[] = [];
    const subscription = tidings.subscribe('past', ({ data }) => past.push(data), { replay: 'all' });
    await hub.publish('live', ...upTo(300));
    await subscription.ready;
    await hub.publish('live', 301);
    await hub.publish('past', 1_001);
    await vi.waitFor(() => {
      expect(live).toEqual(upTo(301));
      expect(past).toEqual(upTo(1_001));
    }, 18_000);
    expect(proxy.cuts).toBeGreaterThanOrEqual(2);
  });

  test('begins after a cursor that it is given, and has one to keep', async () => {
    const hub = await startTestHub();
    const token = await hub.token(['>']);
    const first = createTidings({ url: hub.url, token });
    await first.subscribe('a', () => {}).ready;
    await hub.publish('a', 1);
    await vi.waitFor(() => expect(first.cursor).toMatch(/\.1\./));
    const { cursor = '' } = first;
    first.close();
    await hub.publish('a', 2, 3);
    const second = createTidings({ url: hub.url, token, cursor });
    onTestFinished(() => second.close());
    const got: unknown[] = [];
    second.subscribe('a', ({ data }) => got.push(data));
    await vi.waitFor(() => expect(got).toEqual([2, 3]));
  });

  test('is told of a hub that has lost its history, and goes on', async () => {
    const hub = await startTestHub({ TIDINGS_DRAIN_MS: '0' });
    const tidings = createTidings({ url: hub.url, token: await hub.token(['>']) });
    onTestFinished(() => tidings.close());
    const gaps: TidingsNotices['gap'][] = [];
    const states: unknown[] = [];
    tidings.on('gap', (gap) => gaps.push(gap));
    tidings.on('state', ({ state, reason }) => states.push(reason ? [state, reason] : state));
    tidings.on('error', () => {});
    const got: unknown[] = [];
    await tidings.subscribe('a', ({ data }) => got.push(data)).ready;
    await hub.publish('a', 1);
    await vi.waitFor(() => expect(got).toEqual([1]));
    await hub.stop();
    await vi.waitFor(() => expect(tidings.state).toBe('waiting'));
    await hub.start();
    await vi.waitFor(() => expect(gaps).toMatchObject([{ reason: 'reset' }]), 15_000);
    await vi.waitFor(() => expect(tidings.state).toBe('open'));
    await hub.publish('a', 2);
    await vi.waitFor(() => expect(got).toEqual([1, 2]));
    expect(states.slice(0, 3)).toEqual(['connecting', 'open', ['waiting', 'draining']]);
    expect(gaps).toHaveLength(1);
  });
});
