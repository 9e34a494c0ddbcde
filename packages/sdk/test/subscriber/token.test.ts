import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTidings } from '../../src/subscriber/create-tidings.ts';
import { startTestHub } from '../hub.ts';

describe('the token of a client', () => {
  test('is renewed before it ends, on the same stream', async () => {
    const hub = await startTestHub();
    const reasons: string[] = [];
    const tidings = createTidings({
      url: hub.url,
      token(reason) {
        reasons.push(reason);
        return hub.token(['>'], reasons.length === 1 ? 3 : 3_600);
      },
    });
    onTestFinished(() => tidings.close());
    const got: unknown[] = [];
    const states: string[] = [];
    tidings.on('state', ({ state }) => states.push(state));
    await tidings.subscribe('a', ({ data }) => got.push(data)).ready;
    await vi.waitFor(() => expect(reasons).toEqual(['connect', 'expiring']));
    // Past the end of the first one.
    await vi.waitFor(
      async () => expect(await hub.ages()).toEqual([expect.toSatisfy((ms: number) => ms > 3_500)]),
      6_000,
    );
    await hub.publish('a', 1);
    await vi.waitFor(() => expect(got).toEqual([1]));
    expect(states).toEqual(['connecting', 'open']);
  });

  test('that grants less when it is renewed ends what it no longer grants, and is told as a gap', async () => {
    const hub = await startTestHub();
    let count = 0;
    const tidings = createTidings({
      url: hub.url,
      token() {
        count += 1;
        return count === 1 ? hub.token(['a', 'b'], 2) : hub.token(['a']);
      },
    });
    onTestFinished(() => tidings.close());
    const gaps: string[] = [];
    tidings.on('gap', ({ reason }) => gaps.push(reason));
    tidings.on('error', () => {});
    const subscription = tidings.subscribe('b');
    await tidings.subscribe('a', () => {}).ready;
    await expect(subscription.ended).rejects.toMatchObject({ code: 'forbidden' });
    expect(gaps).toEqual(['forbidden']);
    expect(await hub.topics()).toEqual([['a']]);
  });

  test('that is refused is asked for once more', async () => {
    const hub = await startTestHub();
    const reasons: string[] = [];
    const tidings = createTidings({
      url: hub.url,
      token(reason) {
        reasons.push(reason);
        return reason === 'refused' ? hub.token(['>']) : 'not.a.token';
      },
    });
    onTestFinished(() => tidings.close());
    await tidings.subscribe('a', () => {}).ready;
    expect(reasons).toEqual(['connect', 'refused']);
  });

  test('that stays refused is told, and tried again', async () => {
    const hub = await startTestHub();
    let good = false;
    const tidings = createTidings({ url: hub.url, token: async () => (good ? hub.token(['>']) : 'not.a.token') });
    onTestFinished(() => tidings.close());
    const errors: string[] = [];
    tidings.on('error', ({ code }) => errors.push(code));
    const { ready } = tidings.subscribe('a', () => {});
    await vi.waitFor(() => expect(errors).toEqual(['unauthenticated']));
    good = true;
    await ready;
  });

  test('may be a ticket, and is then asked for each time', async () => {
    const hub = await startTestHub();
    let asked = 0;
    const tidings = createTidings({
      url: hub.url,
      token: async () => {
        asked += 1;
        return hub.ticket(['>']);
      },
    });
    onTestFinished(() => tidings.close());
    await tidings.subscribe('a', () => {}).ready;
    await tidings.subscribe('b', () => {}).ready;
    expect(asked).toBe(2);
  });

  test('that can not be had is a failure of its own, and tried again', async () => {
    const hub = await startTestHub();
    let count = 0;
    const tidings = createTidings({
      url: hub.url,
      async token() {
        count += 1;
        if (count === 1) throw new Error('the login is away');
        return hub.token(['>']);
      },
    });
    onTestFinished(() => tidings.close());
    const errors: { code: string; cause: unknown }[] = [];
    tidings.on('error', ({ code, cause }) => errors.push({ code, cause }));
    await tidings.subscribe('a', () => {}).ready;
    expect(errors).toEqual([{ code: 'token', cause: expect.objectContaining({ message: 'the login is away' }) }]);
  });
});
