import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRefresh } from '../src/page/sessions/refresh.ts';
import { abridgeTopics, shortIdOf, toListPath, toSearchFault } from '../src/page/sessions/session-list.ts';
import { type WatchedEdge, watchEdges } from '../src/page/sessions/watched-edges.ts';
import { nodeOf, snapshotOf } from './snapshots.ts';

describe('the list of sessions', () => {
  test('asks the hub for what is searched, and for the page after another', () => {
    expect(toListPath({ user: '', topic: '' }, '')).toBe('/v1/sessions?limit=100');
    const path = toListPath({ user: 'a&b', topic: 'orders.é' }, 'n-1-x');
    const query = new URL(path, 'http://hub').searchParams;
    expect(Object.fromEntries(query)).toEqual({ limit: '100', user: 'a&b', topic: 'orders.é', after: 'n-1-x' });
  });

  test('says a fault beside its field, and any other for all', () => {
    const faultOf = (body: object): unknown => toSearchFault({ ok: false, status: 422, body });
    const problem = { code: 'invalid-topic', detail: 'A token is empty.', parameter: 'topic' };
    expect(faultOf(problem)).toEqual({ field: 'topic', text: 'A token is empty. (invalid-topic)' });
    expect(faultOf({ code: 'invalid-field', detail: 'No.', parameter: 'after' })).toMatchObject({ field: undefined });
    expect(toSearchFault({ ok: false, status: 502, body: undefined }).text).toBe('The hub gave no reason. (502)');
  });

  test('names the first topics, and one more rather than to say that there is one more', () => {
    expect(abridgeTopics(['a'])).toEqual({ shown: ['a'], more: 0 });
    expect(abridgeTopics(['a', 'b', 'c', 'd'])).toEqual({ shown: ['a', 'b', 'c', 'd'], more: 0 });
    expect(abridgeTopics(['a', 'b', 'c', 'd', 'e'])).toEqual({ shown: ['a', 'b', 'c'], more: 2 });
  });

  test('an id is cut at its secret, which may hold a hyphen', () => {
    expect(shortIdOf('k3v09xq1-00000002-Sv-_a-x')).toBe('k3v09xq1-00000002');
  });
});

describe('a refresh', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** One whose runs end when they are told to. */
  function start() {
    const ends: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const state = { isWanted: true };
    const refresh = createRefresh({
      run(signal) {
        signals.push(signal);
        return new Promise((resolve) => ends.push(resolve));
      },
      isWanted: () => state.isWanted,
      everyMs: 2_000,
    });
    const end = async (): Promise<void> => {
      ends.shift()?.();
      await vi.advanceTimersByTimeAsync(0);
    };
    return { refresh, signals, state, end };
  }

  test('runs again its time after the last has ended, and never twice at once', async () => {
    const { refresh, signals, end } = start();
    void refresh.now();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signals).toHaveLength(1);
    refresh.resume();
    await end();
    await vi.advanceTimersByTimeAsync(1_999);
    refresh.resume();
    expect(signals).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(signals).toHaveLength(2);
  });

  test('rests while it is not wanted, and goes on at once when it is again', async () => {
    const { refresh, signals, state, end } = start();
    void refresh.now();
    await end();
    state.isWanted = false;
    await vi.advanceTimersByTimeAsync(60_000);
    refresh.resume();
    expect(signals).toHaveLength(1);
    state.isWanted = true;
    refresh.resume();
    expect(signals).toHaveLength(2);
  });

  test('what is asked for at once takes the place of what runs, whose end then means nothing', async () => {
    const { refresh, signals, end } = start();
    void refresh.now();
    void refresh.now();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signals).toHaveLength(2);
    refresh.end();
    await end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

describe('edges that are watched', () => {
  const watch = (...snapshots: (readonly ReturnType<typeof nodeOf>[])[]): readonly WatchedEdge[] =>
    snapshots.reduce<readonly WatchedEdge[]>((edges, nodes) => watchEdges(edges, snapshotOf(nodes)), []);

  test('one that is rolled out empties, is gone and stays listed, while others take its streams', () => {
    const first = [nodeOf('b', { streams: 60 }), nodeOf('c', { streams: 40 }), nodeOf('in', { edge: false })];
    const leaving = [nodeOf('b', { streams: 12, draining: true }), nodeOf('c', { streams: 88 })];
    expect(watch(first, leaving)).toEqual([
      { node: 'b', streams: 12, highest: 60, state: 'draining' },
      { node: 'c', streams: 88, highest: 88, state: 'open' },
    ]);
    // A new node comes last, wherever its id stands.
    expect(watch(first, leaving, [nodeOf('a', { streams: 3 }), nodeOf('c', { streams: 97 })])).toEqual([
      { node: 'b', streams: 0, highest: 60, state: 'gone' },
      { node: 'c', streams: 97, highest: 97, state: 'open' },
      { node: 'a', streams: 3, highest: 3, state: 'open' },
    ]);
  });

  test('one that was not heard for a moment is open again', () => {
    const here = [nodeOf('a', { streams: 5 })];
    expect(watch(here, [], here)).toEqual([{ node: 'a', streams: 5, highest: 5, state: 'open' }]);
  });

  test('of those that are gone the last fifty are listed', () => {
    const starts = Array.from({ length: 80 }, (_, start) => [nodeOf('z'), nodeOf(`n${start}`)]);
    const edges = watch(...starts);
    expect(edges).toHaveLength(52);
    expect(edges.map(({ node }) => node).slice(0, 2)).toEqual(['z', 'n29']);
  });
});
