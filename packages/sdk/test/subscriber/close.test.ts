import { watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTidings } from '../../src/subscriber/create-tidings.ts';
import { startTestHub } from '../hub.ts';

describe('closing', () => {
  test.each(['close()', 'a signal'])('by %s ends every subscription and leaves nothing behind', async (way) => {
    const hub = await startTestHub();
    const token = await hub.token(['>']);
    // Of sockets the platform keeps some for the next request.
    const checkLeaks = watchForLeaks(['TTYWrap', 'PipeWrap', 'TCPSocketWrap']);
    const controller = new AbortController();
    const tidings = createTidings({ url: hub.url, token, signal: controller.signal });
    const subscription = tidings.subscribe('a', () => {});
    await subscription.ready;
    const waiting = tidings.subscribe('b');
    const finite = tidings.subscribe('c', { until: 'final' });
    await finite.ready;
    const loop = (async () => {
      for await (const _event of waiting) expect.unreachable();
    })();
    if (way === 'close()') tidings.close();
    else controller.abort();
    await Promise.all([subscription.ended, waiting.ended, finite.ended, loop]);
    expect(tidings.state).toBe('closed');
    await expect(tidings.subscribe('d').ready).rejects.toMatchObject({ code: 'closed' });
    await vi.waitFor(async () => expect(await hub.streams()).toBe(0));
    if (way === 'close()') await checkLeaks();
  });

  test('a subscription by its signal ends that one alone', async () => {
    const hub = await startTestHub();
    const tidings = createTidings({ url: hub.url, token: await hub.token(['>']) });
    onTestFinished(() => tidings.close());
    const controller = new AbortController();
    const subscription = tidings.subscribe('a', () => {}, { signal: controller.signal });
    await tidings.subscribe('b', () => {}).ready;
    controller.abort();
    await subscription.ended;
    await vi.waitFor(async () => expect(await hub.topics()).toEqual([['b']]));
    await tidings.subscribe('c', () => {}, { signal: AbortSignal.abort() }).ended;
  });
});

describe('whoever does not keep up', () => {
  test('with a loop is told by an error, and never has a hole', async () => {
    const hub = await startTestHub();
    const tidings = createTidings({ url: hub.url, token: await hub.token(['>']) });
    onTestFinished(() => tidings.close());
    const subscription = tidings.subscribe('a', { maxWaiting: 2 });
    await subscription.ready;
    await hub.publish('a', 1, 2, 3);
    await expect(subscription.ended).rejects.toMatchObject({ code: 'overflow' });
    const got: unknown[] = [];
    const loop = (async () => {
      for await (const { data } of subscription) got.push(data);
    })();
    await expect(loop).rejects.toMatchObject({ code: 'overflow' });
    expect(got).toEqual([]);
  });

  test('with a handler that throws keeps no other from its events', async () => {
    const hub = await startTestHub();
    const tidings = createTidings({ url: hub.url, token: await hub.token(['>']) });
    onTestFinished(() => tidings.close());
    const thrown: unknown[] = [];
    const note = (error: unknown): void => void thrown.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', note);
    onTestFinished(() => {
      process.off('uncaughtException', note);
      for (const listener of before) process.on('uncaughtException', listener);
    });
    tidings.subscribe('a', ({ data }) => {
      throw new Error(`no use for ${data}`);
    });
    const stop = tidings.on('state', () => {
      throw new Error('no use for states');
    });
    const got: unknown[] = [];
    await tidings.subscribe('a', ({ data }) => got.push(data)).ready;
    await hub.publish('a', 1, 2);
    await vi.waitFor(() => expect(got).toEqual([1, 2]));
    await vi.waitFor(() => expect(thrown.map((error) => (error as Error).message)).toContain('no use for 2'));
    expect(thrown).toHaveLength(4);
    stop();
  });
});
