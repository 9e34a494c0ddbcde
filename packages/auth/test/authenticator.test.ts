import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TidingsError } from '@tidings/protocol';
import { parseQuery } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Access,
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
} from '../src/authenticator.ts';
import { ANONYMOUS } from '../src/grant.ts';
import { createKeySources } from '../src/key-source.ts';
import { parseAllowedOrigins } from '../src/origin.ts';
import { createVerifier } from '../src/verify.ts';
import { OTHER_SECRET, SECRET, sign } from './keys.ts';

const clock = createFakeClock();
const nowSec = clock.now() / 1000;

const tokenOf = (sub: string, claims: object = {}): Promise<string> => sign({ sub, exp: nowSec + 60, ...claims });

interface Outcome {
  readonly access?: Access;
  readonly error?: unknown;
  readonly cors: string | undefined;
}

interface TestAuthenticator {
  readonly authenticator: Authenticator;
  /** Reasons of the refusals so far. */
  readonly reasons: string[];
  /** Sends a real request and tells what became of it. `own` is the host that it was sent to. */
  ask(path: string, headers?: Record<string, string | string[]>, softly?: boolean): Promise<Outcome>;
  readonly own: string;
}

async function start(change: Partial<AuthenticatorOptions> = {}): Promise<TestAuthenticator> {
  const reasons: string[] = [];
  const authenticator = createAuthenticator({
    verifier: createVerifier({ keys: createKeySources({ secrets: [SECRET] }, clock), clock }),
    allowedOrigins: parseAllowedOrigins(['https://app.example']),
    cookieName: 'tidings',
    production: false,
    onRefusal: (reason) => reasons.push(reason),
    ...change,
  });
  let outcome: Outcome | undefined;
  const judge = async (incoming: IncomingMessage): Promise<Outcome> => {
    const query = parseQuery(incoming.url ?? '');
    const cors = authenticator.corsOrigin(incoming);
    try {
      const softly = incoming.url?.startsWith('/soft');
      const access = await authenticator[softly ? 'authenticateSoftly' : 'authenticate'](incoming, query);
      return { access, cors };
    } catch (error) {
      return { error, cors };
    }
  };
  const server = createServer(async (incoming, outgoing) => {
    outcome = await judge(incoming);
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    authenticator,
    reasons,
    own: `127.0.0.1:${port}`,
    ask: (path, headers = {}, softly = false) =>
      new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port,
          path: `${softly ? '/soft' : '/hard'}${path}`,
          headers,
          agent: false,
        };
        request(options, (incoming) => incoming.on('end', () => resolve(outcome as Outcome)).resume())
          .on('error', reject)
          .end();
      }),
  };
}

const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` });
const SAME = { 'Sec-Fetch-Site': 'same-origin' };

describe('where a token may stand', () => {
  it('section 3: the header wins over the cookie, and the cookie over the query', async () => {
    const { ask } = await start();
    const [header, cookie, query] = await Promise.all(['header', 'cookie', 'query'].map((sub) => tokenOf(sub)));
    const path = `?access_token=${query}`;
    const cookies = { Cookie: `tidings=${cookie}`, ...SAME };
    const first = await ask(path, { ...bearer(header as string), ...cookies });
    expect(first.access).toMatchObject({ anonymous: false, from: 'header', fromTicket: false, expired: false });
    expect(first.access?.grant.user).toBe('header');
    expect((await ask(path, cookies)).access).toMatchObject({ grant: { user: 'cookie' }, from: 'cookie' });
    expect((await ask(path)).access).toMatchObject({ grant: { user: 'query' }, from: 'query', fromTicket: false });
  });

  it('section 3: the first found wins, also when it is bad and a good one stands behind it', async () => {
    const { ask, reasons } = await start();
    const good = await tokenOf('alice');
    const bad = await sign({ exp: nowSec + 60 }, OTHER_SECRET);
    expect((await ask(`?access_token=${good}`, bearer(bad))).error).toMatchObject({ code: 'unauthenticated' });
    expect((await ask(`?access_token=${good}`, { Cookie: `tidings=${bad}`, ...SAME })).error).toMatchObject({
      code: 'unauthenticated',
    });
    expect((await ask(`?access_token=${good}`, { Authorization: 'Bearer' })).error).toMatchObject({
      code: 'unauthenticated',
    });
    expect(reasons).toEqual(['bad-signature', 'bad-signature', 'malformed']);
  });

  it('section 3: a request without a token is anonymous, which is no refusal', async () => {
    const { ask, reasons } = await start();
    for (const headers of [{}, { Cookie: 'other=1' }, { Authorization: 'Basic eDp5' }]) {
      expect((await ask('?topic=a', headers)).access).toEqual({
        grant: ANONYMOUS,
        anonymous: true,
        from: undefined,
        fromTicket: false,
        expired: false,
      });
    }
    expect(reasons).toEqual([]);
  });

  it('section 3: two tokens in one place are refused', async () => {
    const { ask, reasons } = await start();
    const token = await tokenOf('alice');
    for (const [path, headers] of [
      [`?access_token=${token}&access_token=${token}`, {}],
      [`?access_token=${token}&%61ccess_token=${token}`, {}],
      ['?access_token=', {}],
      ['', { Authorization: [`Bearer ${token}`, `Bearer ${token}`] }],
    ] as const) {
      expect((await ask(path, headers as never)).error).toMatchObject({ code: 'unauthenticated' });
    }
    expect(reasons).toEqual(['malformed', 'malformed', 'malformed', 'malformed']);
  });
});

describe('cookies', () => {
  it.each<readonly [string, (own: string) => Record<string, string>, boolean]>([
    ['the own origin', (own) => ({ Origin: `http://${own}` }), true],
    ['the own origin behind TLS', (own) => ({ Origin: `https://${own}` }), true],
    ['an allowed origin', () => ({ Origin: 'https://app.example' }), true],
    [
      'an allowed origin from another site',
      () => ({ Origin: 'https://app.example', 'Sec-Fetch-Site': 'cross-site' }),
      true,
    ],
    ['Sec-Fetch-Site: same-origin', () => ({ 'Sec-Fetch-Site': 'same-origin' }), true],
    ['Sec-Fetch-Site: none', () => ({ 'Sec-Fetch-Site': 'none' }), true],
    ['a Referer of its own', (own) => ({ Referer: `http://${own}/page` }), true],
    ['a Referer of an allowed origin', () => ({ Referer: 'https://app.example/page?x' }), true],
    ['a foreign origin', () => ({ Origin: 'https://evil.example' }), false],
    [
      'a foreign origin and a Referer of its own',
      (own) => ({ Origin: 'https://evil.example', Referer: `http://${own}/` }),
      false,
    ],
    ['Origin: null', () => ({ Origin: 'null' }), false],
    ['Sec-Fetch-Site: same-site', () => ({ 'Sec-Fetch-Site': 'same-site' }), false],
    [
      'Sec-Fetch-Site: cross-site and a Referer of its own',
      (own) => ({ 'Sec-Fetch-Site': 'cross-site', Referer: `http://${own}/` }),
      false,
    ],
    ['a foreign Referer', () => ({ Referer: 'https://evil.example/' }), false],
    ['none of the three', () => ({}), false],
  ])('section 3: a cookie with %s', async (_name, headersOf, allowed) => {
    const { ask, own, reasons } = await start();
    const { access, error } = await ask('', { Cookie: `tidings=${await tokenOf('alice')}`, ...headersOf(own) });
    if (allowed) {
      expect(access?.grant.user).toBe('alice');
      expect(reasons).toEqual([]);
    } else {
      expect(error).toMatchObject({ code: 'forbidden-origin' });
      expect(reasons).toEqual(['foreign-origin']);
    }
  });

  it('section 3: a foreign origin is refused before the cookie is looked at, and matters to no other place', async () => {
    const { ask } = await start();
    const foreign = { Origin: 'https://evil.example' };
    expect((await ask('', { Cookie: 'tidings=garbage', ...foreign })).error).toMatchObject({
      code: 'forbidden-origin',
    });
    const token = await tokenOf('alice');
    expect((await ask('', { ...bearer(token), ...foreign })).access?.grant.user).toBe('alice');
    expect((await ask(`?access_token=${token}`, foreign)).access?.grant.user).toBe('alice');
  });

  it('section 3: __Host-tidings is tried first, and plain tidings never in production', async () => {
    const Cookie = `tidings=${await tokenOf('plain')}; __Host-tidings=${await tokenOf('host')}`;
    const development = await start();
    expect((await development.ask('', { Cookie, ...SAME })).access?.grant.user).toBe('host');
    const production = await start({ production: true });
    expect((await production.ask('', { Cookie, ...SAME })).access?.grant.user).toBe('host');
    const plain = { Cookie: Cookie.split(';')[0] as string, ...SAME };
    expect((await production.ask('', plain)).access?.anonymous).toBe(true);
  });

  it('section 3: the name of the cookie is configurable', async () => {
    const { ask } = await start({ cookieName: 'session' });
    const token = await tokenOf('alice');
    expect((await ask('', { Cookie: `session=${token}`, ...SAME })).access?.grant.user).toBe('alice');
    expect((await ask('', { Cookie: `tidings=${token}`, ...SAME })).access?.anonymous).toBe(true);
  });
});

describe('refusals', () => {
  it('section 5: a missing token gets the same words too, but a challenge that names no error', async () => {
    const { authenticator, reasons } = await start();
    const missing = authenticator.missingToken();
    expect(missing).toMatchObject({ code: 'unauthenticated', message: authenticator.expiredToken().message });
    expect(missing.details).toEqual({ challenge: 'Bearer realm="tidings"' });
    expect(reasons).toEqual(['missing', 'expired']);
  });

  it('keys that can not be fetched are 503 and no refusal of the token', async () => {
    const verifier = {
      verify: () => Promise.reject(new TidingsError('unavailable', 'No keys.', { retryAfterSec: 5 })),
    };
    const { ask, reasons } = await start({ verifier });
    expect((await ask('', bearer('a.b.c'))).error).toMatchObject({ code: 'unavailable' });
    expect(reasons).toEqual([]);
  });
});

describe('tokens just past their exp', () => {
  it('section 4: are seen as expired by who asks softly, for a day, with the grant they had', async () => {
    const { ask, reasons } = await start();
    const hourAgo = await tokenOf('alice', { exp: nowSec - 3_600 });
    const soft = await ask('', bearer(hourAgo), true);
    expect(soft.access).toMatchObject({ expired: true, anonymous: false, grant: { user: 'alice' } });
    expect(reasons).toEqual([]);
    expect((await ask('', bearer(hourAgo))).error).toMatchObject({ code: 'unauthenticated' });
    const dayAgo = await tokenOf('alice', { exp: nowSec - 86_401 });
    expect((await ask('', bearer(dayAgo), true)).error).toMatchObject({ code: 'unauthenticated' });
    expect(reasons).toEqual(['expired', 'expired']);
  });

  it('section 4: a token that is wrong in another way too is never seen softly', async () => {
    const { ask } = await start();
    for (const token of [
      await sign({ sub: 'alice', exp: nowSec - 60 }, OTHER_SECRET),
      await tokenOf('alice', { exp: nowSec - 60, tenant: 1 }),
    ]) {
      expect((await ask('', bearer(token), true)).error).toMatchObject({ code: 'unauthenticated' });
    }
  });

  it('section 4: a soft look gives a valid token, and a request without one, as any other', async () => {
    const { ask } = await start();
    expect((await ask('', bearer(await tokenOf('alice')), true)).access).toMatchObject({ expired: false });
    expect((await ask('', {}, true)).access?.anonymous).toBe(true);
  });
});

describe('corsOrigin', () => {
  it('section 4: is the origin of an allowed page or of the own, and nothing for others', async () => {
    const { ask, own } = await start();
    const corsOf = async (Origin?: string): Promise<unknown> =>
      (await ask('', Origin === undefined ? {} : { Origin })).cors;
    expect(await corsOf('https://app.example')).toBe('https://app.example');
    expect(await corsOf(`http://${own}`)).toBe(`http://${own}`);
    for (const origin of ['https://evil.example', 'null', '*', undefined]) expect(await corsOf(origin)).toBeUndefined();
  });
});
