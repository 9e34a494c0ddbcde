import type { MetricsSnapshot } from '@tidings/protocol/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HubClient } from '../src/page/hub-client.ts';
import { followMetrics } from '../src/page/metrics-feed.ts';
import { snapshotOf } from './snapshots.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 21) }));
afterEach(() => void vi.useRealTimers());

test('what follows the metrics is told since when nothing came, and when something comes again', () => {
  let send = (_event: { data: MetricsSnapshot }): void => {};
  const unsubscribe = vi.fn();
  const subscribe = (_topic: string, handler: typeof send): { unsubscribe(): void } => {
    send = handler;
    return { unsubscribe };
  };
  const told: unknown[] = [];
  const end = followMetrics({ tidings: { subscribe } } as unknown as Pick<HubClient, 'tidings'>, {
    snapshot: () => told.push('snapshot'),
    quiet: (sinceMs) => told.push(sinceMs),
  });
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
  const event = { data: snapshotOf([]) };
  send(event);
  vi.advanceTimersByTime(1_000);
  send(event);
  const lastMs = Date.now();
  vi.advanceTimersByTime(60_000);
  send(event);
  expect(told).toEqual(['snapshot', 'snapshot', lastMs, undefined, 'snapshot']);
  end();
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(5);
  expect(unsubscribe).toHaveBeenCalledOnce();
});
