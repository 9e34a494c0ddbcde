import type { Problem } from '@tidings/protocol';
import { HubError, type TidingsNotices } from '@tidings/sdk/subscriber';
import { describe, expect, test } from 'vitest';
import { type TailClient, tail } from '../../src/tail/tail.ts';

type Listeners = { [Name in keyof TidingsNotices]?: (notice: TidingsNotices[Name]) => void };

/** A client that is told what happens to it. */
function follow() {
  const listeners: Listeners = {};
  const notes: string[] = [];
  let end = (_error?: Error): void => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const client = {
    subscribe: () => ({ topic: 'a', ready: new Promise(() => {}), ended, unsubscribe() {} }),
    on(name: keyof Listeners, listener: never) {
      listeners[name] = listener;
      return () => {};
    },
    close: () => end(),
  } as unknown as TailClient;
  const done = tail(client, { topics: ['a'] }, { event() {}, note: (text) => notes.push(text) });
  return { listeners, notes, done, end };
}

const problem = { code: 'draining', status: 503 } as Problem;
const draining = new HubError('draining', 'This node is shutting down.', { status: 503, problem });
const broken = new HubError('network', 'The connection broke.');
const refused = new HubError('unauthenticated', 'A token is needed.', { status: 401 });

describe('what happens to the connection of tail', () => {
  test('is told once for each time, with the reason that the hub gave', () => {
    const { listeners, notes } = follow();
    listeners.state?.({ state: 'connecting', reason: undefined });
    listeners.state?.({ state: 'open', reason: undefined });
    expect(notes).toEqual([]);
    listeners.state?.({ state: 'waiting', reason: 'draining' });
    for (const error of [broken, broken, draining]) {
      listeners.error?.(error);
      listeners.state?.({ state: 'waiting', reason: undefined });
    }
    listeners.state?.({ state: 'open', reason: undefined });
    listeners.gap?.({ reason: 'expired', from: 'x', to: 'y' });
    expect(notes).toEqual([
      'the stream has ended (draining), connecting again',
      'The hub can not be reached. Trying again.',
      'This node is shutting down. Trying again.',
      'connected again',
      'history is gone (expired): what was between x and y is missing',
    ]);
  });

  test('a token that is refused ends it at any time', async () => {
    const { listeners, done } = follow();
    listeners.state?.({ state: 'open', reason: undefined });
    listeners.error?.(refused);
    await expect(done).rejects.toBe(refused);
  });

  test('what will not pass by itself ends it before it was connected, and a hub that is full does not', async () => {
    const { listeners, notes, done } = follow();
    listeners.error?.(draining);
    expect(notes).toEqual(['This node is shutting down. Trying again.']);
    listeners.error?.(broken);
    await expect(done).rejects.toBe(broken);
  });

  test('a topic that is refused later ends it with the reason', async () => {
    const { done, end } = follow();
    end(refused);
    await expect(done).rejects.toBe(refused);
  });
});
