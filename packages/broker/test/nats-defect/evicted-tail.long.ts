import { describe, expect, test } from 'vitest';
import { createFeedRepair } from '../../src/nats/feed-repair.ts';
import { answer, leaderStandIn, log, metrics, streamInfo } from './stand-ins.ts';

/** A repair at place 10 that knows of a message at 100, beside replicas that are behind all the time. */
async function repairBesideStaleReplicas(first: number, next: number): Promise<string[]> {
  const calls: string[] = [];
  let position = 10;
  let settle = (): void => {};
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const note = (what: string, through: number): void => {
    calls.push(`${what} ${through}`);
    position = Math.max(position, 99);
    settle();
  };
  const repair = createFeedRepair({
    directGet: async () => answer([], { whole: true }),
    api: leaderStandIn({
      info: async () => streamInfo(first, 150),
      next: async () => ({ seq: next, subject: 'evt.0.default.a' }),
    }),
    position: () => position,
    target: () => 99,
    accept() {},
    skip: (through) => note('skip', through),
    evicted: (through) => note('evicted', through),
    forget() {},
    metrics,
    log,
  });
  repair.run('gap');
  await settled;
  repair.abandon();
  return calls;
}

describe('what the leader says of a place that the replicas do not have', () => {
  test('is an eviction, and told as one, where its log begins after it', async () => {
    expect(await repairBesideStaleReplicas(50, 50)).toEqual(['evicted 49']);
  });

  test('is an eviction of the whole end, where its log begins after that', async () => {
    expect((await repairBesideStaleReplicas(120, 120))[0]).toMatch(/^evicted/);
  });
});
