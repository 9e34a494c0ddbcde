import { TidingsError } from '@tidings/protocol';
import {
  createClientAddress,
  createMetrics,
  loadSettings,
  type Query,
  type RequestHead,
  systemClock,
} from '@tidings/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Authenticator } from '../src/authenticator.ts';
import { limitFailures } from '../src/failure-limit.ts';
import { createAccessControl } from '../src/from-settings.ts';
import { mintToken } from '../src/mint.ts';

const SECRET = 'a secret of this test that is 32 bytes or longer';
const NO_QUERY: Query = new Map();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function control(env: NodeJS.ProcessEnv): Authenticator {
  const settings = loadSettings({ TIDINGS_JWT_SECRET: SECRET, ...env });
  return createAccessControl(settings, settings.jwtSecrets, createMetrics(), systemClock).authenticator;
}

function from(remoteAddress: string, token?: string, forwardedFor?: string): RequestHead {
  const authorization = token !== undefined && { authorization: `Bearer ${token}` };
  return {
    headers: { ...authorization, ...(forwardedFor && { 'x-forwarded-for': forwardedFor }) },
    rawHeaders: authorization === false ? [] : ['Authorization', authorization.authorization],
    socket: { remoteAddress },
  };
}

async function codeOf(authenticator: Authenticator, head: RequestHead, query: Query = NO_QUERY): Promise<string> {
  try {
    return (await authenticator.authenticate(head, query)).anonymous ? 'anonymous' : 'known';
  } catch (error) {
    return (error as TidingsError).code;
  }
}

const mint = (): Promise<string> => mintToken(SECRET, { sub: 'alice' }, 60, systemClock);

describe('a limit of refused tokens', () => {
  it('without one an address may try as many tokens as it likes', async () => {
    const authenticator = control({});
    for (let time = 0; time < 50; time += 1)
      expect(await codeOf(authenticator, from('10.0.0.1', 'forged'))).toBe('unauthenticated');
    expect(await codeOf(authenticator, from('10.0.0.1', await mint()))).toBe('known');
  });

  it('an address with too many gets rate-limited, also for a good token, until the second is over', async () => {
    const authenticator = control({ TIDINGS_RATE_AUTH_FAILURES: '3' });
    const codes = [];
    for (let time = 0; time < 4; time += 1) codes.push(await codeOf(authenticator, from('10.0.0.1', 'forged')));
    expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated', 'rate-limited']);
    const good = await mint();
    expect(await codeOf(authenticator, from('10.0.0.1', good))).toBe('rate-limited');
    const inQuery = new Map([['access_token', [good]]]);
    expect(await codeOf(authenticator, from('10.0.0.1'), inQuery)).toBe('rate-limited');
    expect(await codeOf(authenticator, from('10.0.0.1'))).toBe('anonymous');
    expect(await codeOf(authenticator, from('10.0.0.2', good))).toBe('known');
    vi.advanceTimersByTime(1_000);
    expect(await codeOf(authenticator, from('10.0.0.1', good))).toBe('known');
  });

  it('looks at no token then', async () => {
    let looks = 0;
    const authenticator = limitFailures(
      {
        ...control({}),
        async authenticateSoftly() {
          looks += 1;
          throw new TidingsError('unauthenticated', 'Send a valid token.');
        },
      },
      { perSec: 1, clientAddress: createClientAddress([]), cookieName: 'tidings', production: false },
    );
    for (let time = 0; time < 5; time += 1)
      await authenticator.authenticateSoftly(from('10.0.0.1', 'forged'), NO_QUERY).catch(() => {});
    expect(looks).toBe(1);
  });

  it('says when to come back, and what the limit is', async () => {
    const authenticator = control({ TIDINGS_RATE_AUTH_FAILURES: '1' });
    await codeOf(authenticator, from('10.0.0.1', 'forged'));
    await expect(authenticator.authenticate(from('10.0.0.1', 'forged'), NO_QUERY)).rejects.toMatchObject({
      code: 'rate-limited',
      details: {
        retryAfterSec: 1,
        limitHeaders: { 'RateLimit-Policy': '"auth-failures";q=1;w=1', RateLimit: '"auth-failures";r=0;t=1' },
      },
    });
  });

  it('believes X-Forwarded-For from trusted proxies alone', async () => {
    const forged = control({ TIDINGS_RATE_AUTH_FAILURES: '1' });
    await codeOf(forged, from('10.0.0.1', 'forged', '1.1.1.1'));
    expect(await codeOf(forged, from('10.0.0.1', 'forged', '2.2.2.2'))).toBe('rate-limited');
    const trusting = control({ TIDINGS_RATE_AUTH_FAILURES: '1', TIDINGS_TRUSTED_PROXIES: '10.0.0.0/8' });
    await codeOf(trusting, from('10.0.0.1', 'forged', '1.1.1.1'));
    expect(await codeOf(trusting, from('10.0.0.1', 'forged', '2.2.2.2'))).toBe('unauthenticated');
    expect(await codeOf(trusting, from('10.0.0.1', 'forged', '1.1.1.1'))).toBe('rate-limited');
  });
});
