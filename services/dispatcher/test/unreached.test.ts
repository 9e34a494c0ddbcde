import type { Task } from '@tidings/broker';
import { createMemoryWork } from '@tidings/broker/memory';
import { createFakeClock, type FakeClock } from '@tidings/runtime/testing';
import { parseWebhooksFile } from '@tidings/webhooks';
import { expect, test } from 'vitest';
import type { HookEvent } from '../src/hook-event.ts';
import { createUnreachedFinder, type UnreachedFinder } from '../src/unreached.ts';

const endpoint = { name: 'crm', url: 'https://a.example', secret: { env: 'A' }, events: ['user.unreached'] };
const plan = parseWebhooksFile(JSON.stringify({ unreachedAfterSec: 600, endpoints: [endpoint] }));
const UNREACHED_MS = 600_000;

interface Bench {
  readonly clock: FakeClock;
  readonly finder: UnreachedFinder;
  /** How old each event was when it was asked about, by its user. */
  readonly ages: Map<string, number>;
  readonly told: HookEvent[];
  publish(user: string): void;
  /** Puts in the place of what is taken. */
  readonly waiting: Task[];
  readonly givenBack: string[];
}

function startBench(): Bench {
  const clock = createFakeClock();
  const ages = new Map<string, number>();
  const told: HookEvent[] = [];
  const waiting: Task[] = [];
  const givenBack: string[] = [];
  const bornMs = new Map<string, number>();
  const finder = createUnreachedFinder({
    plan,
    clock,
    queue: { take: async (_, most) => waiting.splice(0, most) },
    cluster: {
      async askAll(_, question) {
        for (const { topic } of (question as { events: { topic: string }[] }).events)
          ages.set(topic, clock.elapsed() - (bornMs.get(topic) ?? 0));
        return [{ epoch: '3f9k1abc', reached: [] }];
      },
    },
    tell: async (event) => void told.push(event),
    pause: async (ms) => clock.advance(ms),
  });
  return {
    clock,
    finder,
    ages,
    told,
    waiting,
    givenBack,
    publish(user) {
      const topic = `user.${user}`;
      const sinceMs = clock.elapsed();
      bornMs.set(topic, sinceMs);
      waiting.push({
        body: JSON.stringify({ tenant: 'acme', topic, seq: 1, timeMs: clock.now(), exclude: '' }),
        attempt: 1,
        get ageMs() {
          return clock.elapsed() - sinceMs;
        },
        ack: async () => {},
        retry: async () => void givenBack.push(topic),
      });
    },
  };
}

test('an event is asked about when it is old enough, however many come after it', async () => {
  const { clock, finder, ages, told, publish } = startBench();
  for (let count = 0; count < 900; count += 1) {
    publish(`u${count}`);
    await finder.work();
    clock.advance(2_000);
  }
  expect(ages.size).toBeGreaterThan(500);
  expect(Math.min(...ages.values())).toBeGreaterThanOrEqual(UNREACHED_MS);
  expect(Math.max(...ages.values())).toBeLessThanOrEqual(UNREACHED_MS + 2_000);
  expect(told.map(({ data }) => data.topic)).toEqual([...ages.keys()]);
});

test('more than may be held wait in the queue, and are asked about in time all the same', async () => {
  const { clock, finder, ages, publish, waiting } = startBench();
  for (let count = 0; count < 1_500; count += 1) {
    publish(`u${count}`);
    if (count % 2 === 0) clock.advance(1);
  }
  for (let turn = 0; turn < 3_000 && ages.size < 1_500; turn += 1) {
    await finder.work();
    if (waiting.length === 0) clock.advance(1);
  }
  expect(ages.size).toBe(1_500);
  expect(Math.max(...ages.values())).toBeLessThanOrEqual(UNREACHED_MS + 2_000);
});

test('what is held when the process ends is given back', async () => {
  const { finder, publish, givenBack, told } = startBench();
  publish('alice');
  await finder.work();
  await finder.close();
  expect([givenBack, told]).toEqual([['user.alice'], []]);
});

test('an event that is held in memory is not given out a second time before it is decided', async () => {
  const clock = createFakeClock();
  const { queue } = createMemoryWork({ clock, personalLeaseMs: UNREACHED_MS + 60_000 });
  await queue.open();
  await queue.put('personal', '1', '{}');
  expect(await queue.take('personal', 1)).toHaveLength(1);
  clock.advance(UNREACHED_MS);
  const again = queue.take('personal', 1);
  clock.advance(1_000);
  expect(await again).toEqual([]);
});
