import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, test, vi } from 'vitest';
import { createAudience } from '../src/audience.ts';

/** An audience of as many as `hub.subscribers` says; `undefined` is a hub that can't be asked. */
function openAudience() {
  const clock = createFakeClock();
  const life = new AbortController();
  const hub = { subscribers: 0 as number | undefined, asked: [] as string[] };
  const faults: unknown[] = [];
  const whileWatched = createAudience(
    {
      url: 'http://hub.test',
      token: async () => 'a-token',
      signal: life.signal,
      clock,
      onFault: (error) => void faults.push(error),
    },
    async (input, init) => {
      hub.asked.push(`${input} ${new Headers(init?.headers).get('authorization')}`);
      if (hub.subscribers === undefined) return new Response(null, { status: 503 });
      return Response.json({ subscribers: hub.subscribers, users: [] });
    },
  );
  /** Moves the clock on, and lets what that began end. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await new Promise(setImmediate);
    }
  };
  return { clock, life, hub, faults, whileWatched, pass };
}

describe('what runs while somebody looks', () => {
  test('never runs while nobody is subscribed, begins within a second, and ends within one', async () => {
    const { hub, whileWatched, pass } = openAudience();
    const run = vi.fn(async () => undefined);
    whileWatched('demo.match', 200, run);
    await pass(5_000);
    expect(run).not.toHaveBeenCalled();
    expect(hub.asked).toHaveLength(5);
    expect(hub.asked[0]).toBe('http://hub.test/v1/topics/demo.match/presence Bearer a-token');

    hub.subscribers = 1;
    await pass(1_000);
    run.mockClear();
    await pass(2_000);
    expect(run).toHaveBeenCalledTimes(10);

    hub.subscribers = 0;
    await pass(1_000);
    run.mockClear();
    await pass(3_000);
    expect(run).not.toHaveBeenCalled();
  });

  test('asks once for all that depends on a topic, and no more when it is closed', async () => {
    const { clock, life, hub, whileWatched, pass } = openAudience();
    whileWatched('demo.match', 200, async () => undefined);
    whileWatched('demo.match', 1_000, async () => undefined);
    await pass(3_000);
    expect(hub.asked).toHaveLength(3);
    life.abort();
    expect(clock.pending).toBe(0);
  });

  test('waits for a run that takes long, and tells once what fails again and again', async () => {
    const { hub, faults, whileWatched, pass } = openAudience();
    hub.subscribers = 1;
    const run = vi.fn(() => new Promise(() => undefined));
    whileWatched('demo.match', 200, run);
    await pass(3_000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(faults).toEqual([]);
    hub.subscribers = undefined;
    await pass(3_000);
    expect(faults).toHaveLength(1);
    hub.subscribers = 1;
    await pass(1_000);
    hub.subscribers = undefined;
    await pass(3_000);
    expect(faults).toHaveLength(2);
  });
});
