import { problemOf, TidingsError } from '@tidings/protocol';
import { type RequestHead, toProblemResponse } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { CompactEncrypt, CompactSign } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Access, type Authenticator, createAuthenticator } from '../src/authenticator.ts';
import { maySubscribe } from '../src/grant.ts';
import { createPemSource, createSecretSource } from '../src/key-source.ts';
import { createRemoteKeySource } from '../src/remote-keys.ts';
import { createVerifier } from '../src/verify.ts';
import { type KeyEndpoint, startKeyEndpoint, toJwk } from './key-endpoint.ts';
import { assemble, ec, OTHER_SECRET, rsa, SECRET, sign, toPem } from './keys.ts';

// The rows "token" of the table of bad input, each from the request to the whole answer. A secret, a public key and a key
// set are configured at once, so that each hostile token has every kind of key to be mistaken for.

const clock = createFakeClock();
const nowSec = clock.now() / 1000;
const exp = nowSec + 60;
const NAMES = { iss: 'https://login.example', aud: 'tidings' };

let endpoint: KeyEndpoint;
let authenticator: Authenticator;
const reasons: string[] = [];

beforeAll(async () => {
  endpoint = await startKeyEndpoint(toJwk(ec.publicKey, { kid: 'one' }));
  const keys = [
    createSecretSource([SECRET]),
    createPemSource(toPem(rsa.publicKey)),
    createRemoteKeySource(endpoint.url, clock),
  ];
  authenticator = createAuthenticator({
    verifier: createVerifier({ keys, clock, issuer: NAMES.iss, audience: NAMES.aud }),
    allowedOrigins: new Set(),
    cookieName: 'tidings',
    production: true,
    onRefusal: (reason) => reasons.push(reason),
  });
});
afterAll(() => endpoint.close());

const tokenOf = (claims: object = {}, ...by: [key?: string, header?: { alg: string }]): Promise<string> =>
  sign({ sub: 'alice', exp, ...NAMES, ...claims }, ...by);

const claimsOf = (change: object = {}): string => JSON.stringify({ sub: 'alice', exp, ...NAMES, ...change });

function headOf(...authorization: string[]): RequestHead {
  const rawHeaders = authorization.flatMap((value) => ['Authorization', value]);
  return { headers: { authorization: authorization[0] }, rawHeaders };
}

async function answerOf(
  authenticate: () => Promise<unknown> | never,
): Promise<{ text: string; challenge: string | null }> {
  try {
    await authenticate();
  } catch (error) {
    expect(error).toBeInstanceOf(TidingsError);
    const response = toProblemResponse(problemOf(error as TidingsError), (error as TidingsError).details);
    expect(response.status).toBe(401);
    return { text: await response.text(), challenge: response.headers.get('www-authenticate') };
  }
  return expect.unreachable() as never;
}

const ofKid = (kid: string): Promise<string> =>
  sign({ sub: 'alice', exp, ...NAMES }, ec.privateKey, { alg: 'ES256', kid });

const jweOf = (): Promise<string> =>
  new CompactEncrypt(Buffer.from(claimsOf()))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(Buffer.from(SECRET).subarray(0, 32));

// Unlike `SignJWT`, which looks at claims before it signs them.
const signText = (claims: string): Promise<string> =>
  new CompactSign(Buffer.from(claims)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET));

type Row = readonly [row: string, reason: string, authorization: () => string | Promise<string>];

const bearer = (row: string, reason: string, token: () => string | Promise<string>): Row => [
  row,
  reason,
  async () => `Bearer ${await token()}`,
];

describe('hardening section 1, the rows of tokens', () => {
  it('none: 401 in the words of all, and a challenge that names no error', async () => {
    const anonymous = await authenticator.authenticate({ headers: {}, rawHeaders: [] }, new Map());
    expect(anonymous).toMatchObject({ anonymous: true, from: undefined });
    const none = await answerOf(() => Promise.reject(authenticator.missingToken()));
    const bad = await answerOf(() => authenticator.authenticate(headOf('Bearer x'), new Map()));
    expect(none).toEqual({ text: bad.text, challenge: 'Bearer realm="tidings"' });
    expect(reasons.splice(0)).toEqual(['missing', 'malformed']);
  });

  it.each<Row>([
    ['empty', 'malformed', () => ''],
    ['Bearer alone', 'malformed', () => 'Bearer'],
    ['Bearer and a blank', 'malformed', () => 'Bearer '],
    ['two tokens in a header', 'malformed', async () => `Bearer ${await tokenOf()} ${await tokenOf()}`],
    ['two tokens and a comma', 'malformed', async () => `Bearer ${await tokenOf()}, Bearer ${await tokenOf()}`],
    bearer('expired by 6 s', 'expired', () => tokenOf({ exp: nowSec - 6 })),
    bearer('expired by more than a day', 'expired', () => tokenOf({ exp: nowSec - 86_406 })),
    bearer('nbf ahead', 'not-yet-valid', () => tokenOf({ nbf: nowSec + 6 })),
    bearer('iat ahead', 'issued-in-future', () => tokenOf({ iat: nowSec + 6 })),
    bearer('no exp', 'no-expiry', () => tokenOf({ exp: undefined })),
    bearer('exp 1e20', 'lives-too-long', () => tokenOf({ exp: 1e20 })),
    bearer('a wrong key', 'bad-signature', () => tokenOf({}, OTHER_SECRET)),
    bearer('alg none', 'unsupported-algorithm', () => assemble('{"alg":"none"}', claimsOf())),
    bearer('alg none with a signature', 'unsupported-algorithm', () => assemble('{"alg":"none"}', claimsOf(), 'x')),
    bearer('HS256 signed with the public RSA key', 'bad-signature', () => tokenOf({}, toPem(rsa.publicKey))),
    bearer('HS256 signed with the key set', 'bad-signature', () =>
      tokenOf({}, JSON.stringify(toJwk(ec.publicKey, {}))),
    ),
    bearer('kid unknown', 'unknown-key', () => ofKid('two')),
    bearer('kid a path', 'unknown-key', () => ofKid('../../../dev/null')),
    bearer('kid a URL', 'unknown-key', () => ofKid('https://evil.example/keys')),
    bearer('crit unknown', 'unsupported-extension', () => assemble('{"alg":"HS256","crit":["x"],"x":1}', claimsOf())),
    bearer('JWE', 'encrypted', jweOf),
    bearer('100 KB', 'too-large', () => tokenOf({ x: 'x'.repeat(75_000) })),
    bearer('aud wrong', 'wrong-audience', () => tokenOf({ aud: 'other' })),
    bearer('aud missing', 'wrong-audience', () => tokenOf({ aud: undefined })),
    bearer('iss wrong', 'wrong-issuer', () => tokenOf({ iss: 'https://evil.example' })),
    bearer('iss missing', 'wrong-issuer', () => tokenOf({ iss: undefined })),
    ...[
      { sub: 7 },
      { sub: '' },
      { exp: `${exp}` },
      { nbf: '0' },
      { iat: '0' },
      { jti: 7 },
      { tenant: ['acme'] },
      { tidings: [] },
      { tidings: { subscribe: '>' } },
      { tidings: { publish: [7] } },
      { tidings: { admin: 'true' } },
    ].map((claims) =>
      bearer(`a claim of the wrong type, ${JSON.stringify(claims)}`, 'invalid-claims', () =>
        signText(claimsOf(claims)),
      ),
    ),
  ])('%s: 401 in the words of all, and %s in the metric alone', async (_row, reason, authorization) => {
    const head = headOf(await authorization());
    const answer = await answerOf(() => authenticator.authenticate(head, new Map()));
    expect(reasons.splice(0)).toEqual([reason]);
    expect(answer).toEqual({
      text: '{"type":"urn:tidings:problem:unauthenticated","title":"A valid token is needed","status":401,"code":"unauthenticated","detail":"Send a valid token."}',
      challenge: 'Bearer realm="tidings", error="invalid_token"',
    });
  });

  it('two tokens, each in a header of its own or twice in the query: 401', async () => {
    const token = await tokenOf();
    await answerOf(() => authenticator.authenticate(headOf(`Bearer ${token}`, `Bearer ${token}`), new Map()));
    const twice = new Map([['access_token', [token, token]]]);
    await answerOf(() => authenticator.authenticate({ headers: {}, rawHeaders: [] }, twice));
    expect(reasons.splice(0)).toEqual(['malformed', 'malformed']);
  });

  it.each([
    ['a.b', 'user.a%2Eb'],
    ['*', 'user.%2A'],
    ['>', 'user.%3E'],
    ['😀', 'user.😀'],
  ])('a sub of %s: is one user, whose name is never a wildcard', async (sub, own) => {
    const head = headOf(`Bearer ${await tokenOf({ sub })}`);
    const { grant }: Access = await authenticator.authenticate(head, new Map());
    expect(grant.user).toBe(sub);
    expect([own, `${own}.x`, `${own}.>`].map((topic) => maySubscribe(grant, topic))).toEqual([true, true, true]);
    const foreign = ['user.alice', 'user.a', 'user.a.b', 'user.*', 'user.>', '>', '*'];
    expect(foreign.filter((topic) => maySubscribe(grant, topic))).toEqual([]);
  });
});
