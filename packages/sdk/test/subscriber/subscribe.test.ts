import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTidings } from '../../src/subscriber/create-tidings.ts';
import type { TidingsOptions } from '../../src/subscriber/tidings.ts';
import { startTestHub } from '../hub.ts';

async function open(options: TidingsOptions = {}, env: NodeJS.ProcessEnv = {}) {
  const hub = await startTestHub(env);
  const errors: Error[] = [];
  const tidings = createTidings({ url: hub.url, token: await hub.token(['>']), ...options });
  tidings.on('error', (error) => errors.push(error));
  onTestFinished(() => tidings.close());
  return { hub, tidings, errors };
}

/** What comes of a topic. */
function collect(subscribe: (handler: (event: { data: unknown }) => void) => unknown): unknown[] {
  const got: unknown[] = [];
  subscribe(({ data }) => got.push(data));
  return got;
}

describe('a subscription', () => {
  test('gets what is published from when it is ready, and nothing of other topics', async () => {
    const { hub, tidings } = await open();
    const got: unknown[] = [];
    const subscription = tidings.subscribe('orders.*', ({ data, topic }) => got.push([topic, data]));
    await subscription.ready;
    expect(await hub.sessions()).toEqual([tidings.session]);
    await hub.publish('orders.1', 1);
    await hub.publish('chat.1', 2);
    await hub.publish('orders.2', { three: 3 });
    await vi.waitFor(() =>
      expect(got).toEqual([
        ['orders.1', 1],
        ['orders.2', { three: 3 }],
      ]),
    );
  });

  test('others join and leave on the same stream', async () => {
    const { hub, tidings } = await open();
    const first = collect((handler) => tidings.subscribe('a', handler));
    await tidings.subscribe('a').ready;
    const second: unknown[] = [];
    const subscription = tidings.subscribe('b', ({ data }) => second.push(data));
    await subscription.ready;
    expect(await hub.streams()).toBe(1);
    await hub.publish('a', 1);
    await hub.publish('b', 2);
    await vi.waitFor(() => expect([first, second]).toEqual([[1], [2]]));
    subscription.unsubscribe();
    await vi.waitFor(async () => {
      const sessions = await hub.topics();
      expect(sessions).toEqual([['a']]);
    });
    await hub.publish('b', 3);
    await hub.publish('a', 4);
    await vi.waitFor(() => expect(first).toEqual([1, 4]));
    expect(second).toEqual([2]);
  });

  test.each(['all', 'last', 2] as const)('replay %s comes to it alone, before what is live', async (replay) => {
    const { hub, tidings } = await open();
    await hub.publish('a', 1, 2, 3);
    const first = collect((handler) => tidings.subscribe('a', handler, { replay: 'last' }));
    await vi.waitFor(() => expect(first).toEqual([3]));
    const live = collect((handler) => tidings.subscribe('a', handler));
    const late: unknown[] = [];
    const subscription = tidings.subscribe('>', ({ data }) => late.push(data), { replay });
    await subscription.ready;
    await hub.publish('a', 4);
    const past = { all: [1, 2, 3], last: [3], 2: [2, 3] }[replay];
    await vi.waitFor(() => expect(late).toEqual([...past, 4]));
    expect(first).toEqual([3, 4]);
    expect(live).toEqual([4]);
    expect(await hub.streams()).toBe(1);
  });

  test('one more on a topic that is in force is ready at once, also when the topic was just left', async () => {
    const { hub, tidings } = await open();
    const first = tidings.subscribe('a', () => {});
    await tidings.subscribe('b', () => {}).ready;
    const second = collect((handler) => tidings.subscribe('a', handler));
    await tidings.subscribe('a').ready;
    await hub.publish('a', 1);
    await vi.waitFor(() => expect(second).toEqual([1]));
    const alone = tidings.subscribe('c', () => {});
    await alone.ready;
    alone.unsubscribe();
    await Promise.resolve();
    const third: unknown[] = [];
    await tidings.subscribe('c', ({ data }) => third.push(data)).ready;
    await hub.publish('c', 2);
    await vi.waitFor(() => expect(third).toEqual([2]));
    first.unsubscribe();
  });

  test('a loop gets the same, and leaving it unsubscribes', async () => {
    const { hub, tidings } = await open();
    await hub.publish('a', 1, 2, 3);
    const got: unknown[] = [];
    for await (const { data } of tidings.subscribe('a', { replay: 'all' })) {
      got.push(data);
      if (got.length === 3) break;
    }
    expect(got).toEqual([1, 2, 3]);
    await vi.waitFor(() => expect(tidings.state).toBe('idle'));
    await vi.waitFor(async () => expect(await hub.streams()).toBe(0));
  });

  test('a finite topic is seen from its start to its end, and the loop ends', async () => {
    const { hub, tidings } = await open();
    await hub.publish('chat.1', 'To', 'be');
    const got: unknown[] = [];
    const loop = (async () => {
      for await (const { data } of tidings.subscribe('chat.1', { until: 'final' })) got.push(data);
    })();
    await vi.waitFor(() => expect(got).toEqual(['To', 'be']));
    await hub.finish('chat.1', 'or not');
    await loop;
    expect(got).toEqual(['To', 'be', 'or not']);
  });

  test('a topic that is not granted ends its subscription alone', async () => {
    const hub = await startTestHub();
    const tidings = createTidings({ url: hub.url, token: await hub.token(['a', 'b']) });
    onTestFinished(() => tidings.close());
    const refused = tidings.subscribe('secret');
    const got = collect((handler) => tidings.subscribe('a', handler));
    await expect(refused.ended).rejects.toMatchObject({ code: 'forbidden', status: 403 });
    await tidings.subscribe('b').ready;
    await expect(tidings.subscribe('secret.too').ready).rejects.toMatchObject({ code: 'forbidden' });
    await hub.publish('a', 1);
    await vi.waitFor(() => expect(got).toEqual([1]));
  });
});
