import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DirectGet } from '../../src/nats/direct-get.ts';
import { FeedOrder } from '../../src/nats/feed-order.ts';
import { createFeedRepair, type FeedRepair } from '../../src/nats/feed-repair.ts';
import type { JetStreamApi } from '../../src/nats/jetstream-api.ts';
import { answer, leaderStandIn, log, metrics, streamInfo } from './stand-ins.ts';

interface Setup {
  readonly order: FeedOrder<{ seq: number; bytes: number }>;
  readonly repair: FeedRepair;
  readonly fed: number[];
}

function setUp(directGet: DirectGet, api: JetStreamApi): Setup {
  const fed: number[] = [];
  const order = new FeedOrder<{ seq: number; bytes: number }>(({ seq }) => void fed.push(seq));
  const repair = createFeedRepair({
    directGet,
    api,
    position: () => order.position,
    target: () => order.target,
    accept: ({ seq }) => void order.acceptProven({ seq, bytes: 1 }),
    skip: (through) => order.skip(through),
    evicted: (through) => order.restart(through),
    forget: () => order.forget(),
    metrics,
    log,
  });
  onTestFinished(() => repair.abandon());
  return { order, repair, fed };
}

describe('the repair of the feed', () => {
  test('does not pass places that the leader itself has not reached: it is no proof that they were deleted', async () => {
    // A leader that was deposed and does not know it yet: it ends at 100, and the live feed has shown 104.
    let asks = 0;
    const api = leaderStandIn({
      info: async () => streamInfo(1, 100),
      next: async () => {
        asks += 1;
        return undefined;
      },
    });
    const { order, repair, fed } = setUp(async () => answer([]), api);
    order.restart(100);
    order.accept({ seq: 104, bytes: 1 });
    repair.run('gap');
    // One more than it takes, and a moment for what follows from it.
    const deadlineMs = performance.now() + 6_000;
    while (asks < 5 && order.position === 100 && performance.now() < deadlineMs) await pause(20);
    expect(order.position).toBe(100);
    expect(fed).toEqual([]);
  });

  test('passes a deleted tail that the leader has reached', async () => {
    const api = leaderStandIn({ info: async () => streamInfo(1, 103) });
    const { order, repair } = setUp(async () => answer([]), api);
    order.restart(100);
    order.accept({ seq: 104, bytes: 1 });
    repair.run('gap');
    await expect.poll(() => order.position, { timeout: 8_000 }).toBe(104);
  });
});
