import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createPublisher } from '../../src/publisher/index.ts';
import { createTokenSource } from '../../src/publisher/token-source.ts';
import { accept, breakOff, createScripted, hang, refuse } from './scripted.ts';

const toBase64Url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
// The name has characters whose base64url differs from base64.
const jwt = (claims: object): string =>
  `${toBase64Url({ alg: 'HS256' })}.${toBase64Url({ sub: '~~~???ü', ...claims })}.c2ln`;

describe('the token of a publisher', () => {
  it('is asked for once, whoever waits for it, and again 10 s before its exp', async () => {
    const clock = createFakeClock();
    let asked = 0;
    const tokens = createTokenSource(() => {
      asked += 1;
      return Promise.resolve(jwt({ exp: clock.now() / 1000 + 60, n: asked }));
    }, clock);
    const [one, other] = await Promise.all([tokens.get(), tokens.get()]);
    expect(one).toBe(other);
    clock.advance(49_999);
    expect(await tokens.get()).toBe(one);
    expect(asked).toBe(1);
    clock.advance(1);
    expect(await tokens.get()).not.toBe(one);
    expect(asked).toBe(2);
  });

  it.each(['opaque', 'a.b.c', `x.${toBase64Url([])}.y`, jwt({}), jwt({ exp: 'soon' })])(
    'is kept until it is refused where it says no exp: %s',
    async (token) => {
      const clock = createFakeClock();
      let asked = 0;
      const tokens = createTokenSource(() => {
        asked += 1;
        return token;
      }, clock);
      await tokens.get();
      clock.advance(1e9);
      await tokens.get();
      expect(asked).toBe(1);
      expect(tokens.refuse(token)).toBe(true);
      await tokens.get();
      expect(asked).toBe(2);
    },
  );

  it('that was refused late does not cost the one that came since', async () => {
    let asked = 0;
    const tokens = createTokenSource(() => `token-${++asked}`, createFakeClock());
    const first = await tokens.get();
    tokens.refuse(first);
    const second = await tokens.get();
    tokens.refuse(first);
    expect(await tokens.get()).toBe(second);
  });

  it('is asked for once more after a 401, at once; a second 401 is final', async () => {
    let asked = 0;
    const token = (): string => `token-${++asked}`;
    const renewed = createScripted([refuse('unauthenticated'), accept], { token });
    expect(await renewed.run(renewed.publisher.publish('a', 1))).toMatchObject({ status: 'fulfilled', tookMs: 0 });
    expect(renewed.requests.map((request) => request.token)).toEqual(['token-1', 'token-2']);
    expect(renewed.requests[1]?.lines).toEqual(renewed.requests[0]?.lines);

    const refused = createScripted([refuse('unauthenticated')], { token });
    expect(await refused.run(refused.publisher.publish('a', 1))).toMatchObject({
      status: 'rejected',
      reason: { code: 'unauthenticated', status: 401 },
    });
    expect(refused.requests).toHaveLength(2);
  });

  it('that is a text is not tried again', async () => {
    const { publisher, requests, run } = createScripted([refuse('unauthenticated')], { token: 'fixed' });
    expect(await run(publisher.publish('a', 1))).toMatchObject({ reason: { code: 'unauthenticated' } });
    expect(requests).toHaveLength(1);
  });

  it('that can not be had is an error `token`, which is not repeated and does not show it', async () => {
    const cause = new Error('the key is gone');
    const answers = [() => Promise.reject(cause), () => 'two words', () => '', () => 7 as never];
    for (const [place, token] of answers.entries()) {
      const { publisher, requests, run } = createScripted([accept], { token });
      const outcome = await run(publisher.publish('a', 1));
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'token' } });
      if (outcome.status === 'rejected') {
        expect(outcome.reason.cause).toBe(place === 0 ? cause : undefined);
        expect(`${outcome.reason.message}`).not.toContain('two words');
      }
      expect(requests).toEqual([]);
    }
  });

  it('whose callback never answers is a timeout', async () => {
    const { publisher, requests, run } = createScripted([accept], {
      token: () => new Promise(() => {}),
      timeoutMs: 3_000,
    });
    expect(await run(publisher.publish('a', 1))).toMatchObject({ reason: { code: 'timeout' }, tookMs: 3_000 });
    expect(requests).toEqual([]);
  });

  it('stands in no error', async () => {
    for (const behaviour of [breakOff, refuse('unauthenticated'), hang]) {
      const { publisher, run } = createScripted([behaviour], { token: 'very-secret', timeoutMs: 1_000 });
      const outcome = await run(publisher.publish('a', 'payload'));
      const { reason } = outcome as PromiseRejectedResult;
      expect(`${reason.stack} ${JSON.stringify(reason)}`).not.toMatch(/very-secret|payload/);
    }
  });
});

describe('options that can not be meant', () => {
  const url = 'https://hub.example';
  const token = 'a-token';

  it.each([
    ['a timeout over 100 s, beyond which ids may be forgotten', { url, token, timeoutMs: 100_001 }],
    ['no time at all', { url, token, timeoutMs: 0 }],
    ['a timeout that is no number', { url, token, timeoutMs: Number.NaN }],
    ['no bytes', { url, token, maxBodyBytes: 0 }],
    ['a token of two words', { url, token: 'Bearer x' }],
    ['no token', { url, token: undefined as never }],
    ['a URL without a scheme', { url: 'hub.example', token }],
    ['another scheme', { url: 'nats://hub.example', token }],
    ['a password in the URL', { url: 'https://a:b@hub.example', token }],
  ])('are a TypeError: %s', (_what, options) => {
    expect(() => createPublisher(options)).toThrow(TypeError);
  });

  it.each([
    ['https://hub.example', 'https://hub.example/v1/events'],
    ['https://hub.example/', 'https://hub.example/v1/events'],
    ['https://hub.example:8443/tidings/?x=1#y', 'https://hub.example:8443/tidings/v1/events'],
  ])('a URL keeps its path: %s', async (given, expected) => {
    const { publisher, requests, run } = createScripted([accept], { url: new URL(given) });
    await run(publisher.publish('a', 1));
    expect(requests[0]?.url).toBe(expected);
  });
});
