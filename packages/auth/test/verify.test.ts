import { createHmac } from 'node:crypto';
import { createFakeClock } from '@tidings/runtime/testing';
import { CompactEncrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createPemSource, createSecretSource, type KeySource } from '../src/key-source.ts';
import { createVerifier, type Verification, type VerifierOptions } from '../src/verify.ts';
import { assemble, ec, ed, OTHER_SECRET, rsa, SECRET, sign, toPem } from './keys.ts';

const clock = createFakeClock();
const nowSec = clock.now() / 1000;
const exp = nowSec + 60;
const DAY_SEC = 86_400;

function verify(token: string, options: Partial<VerifierOptions> = {}): Promise<Verification> {
  return createVerifier({ keys: [createSecretSource([SECRET])], clock, ...options }).verify(token);
}

function refused(reason: string): object {
  return { ok: false, reason };
}

// The header and payload are signed as they are, also where `SignJWT` would object.
function signRaw(header: string, payload: string, secret: string = SECRET): string {
  const input = assemble(header, payload).slice(0, -1);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const HS256 = '{"alg":"HS256"}';

describe('a token that is accepted', () => {
  it('section 3: becomes a grant', async () => {
    const tidings = { subscribe: ['orders.*'], publish: ['orders.>'], admin: true };
    const token = await sign({ sub: 'alice', exp, iat: nowSec, jti: 'x', tenant: 'acme', tidings });
    expect(await verify(token)).toEqual({
      ok: true,
      grant: { user: 'alice', tenant: 'acme', ...tidings, tokenId: 'x', issuedAtSec: nowSec, expiresAtSec: exp },
    });
  });

  it.each([
    ['RS256', rsa],
    ['PS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ])('section 3: may be signed with %s', async (alg, pair) => {
    const token = await sign({ exp }, pair.privateKey, { alg });
    expect(await verify(token, { keys: [createPemSource(toPem(pair.publicKey))] })).toMatchObject({ ok: true });
  });

  it('section 3: may be signed with any of several secrets, whatever its kid says', async () => {
    const keys = [createSecretSource([OTHER_SECRET, SECRET])];
    expect(await verify(await sign({ exp }, SECRET), { keys })).toMatchObject({ ok: true });
    expect(await verify(await sign({ exp }, OTHER_SECRET, { alg: 'HS256', kid: '../x' }), { keys })).toMatchObject({
      ok: true,
    });
  });

  it('finds the key among several sources for the same algorithm', async () => {
    const token = await sign({ exp }, ec.privateKey, { alg: 'ES256' });
    const none: KeySource = { algorithms: ['ES256'], keysFor: async () => [] };
    const keys = [createSecretSource([SECRET]), none, createPemSource(toPem(ec.publicKey))];
    expect(await verify(token, { keys })).toMatchObject({ ok: true });
  });

  it.each([
    ['expired by 4 s', { exp: nowSec - 4 }],
    ['valid in 4 s', { exp, nbf: nowSec + 4 }],
    ['valid in 5 s', { exp, nbf: nowSec + 5 }],
    ['issued in 5 s', { exp, iat: nowSec + 5 }],
    ['of 31 days from its iat', { iat: nowSec, exp: nowSec + 31 * DAY_SEC }],
    ['of 31 days from an issuer whose clock is 5 s ahead', { iat: nowSec + 5, exp: nowSec + 5 + 31 * DAY_SEC }],
    ['of 31 days without iat', { exp: nowSec + 31 * DAY_SEC }],
    ['with exp as a fraction', { exp: nowSec + 0.5 }],
  ])('section 3: may be %s', async (_name, claims) => {
    expect(await verify(await sign(claims))).toMatchObject({ ok: true });
  });

  it.each(['a.b', '*', '>', '😀'])('hardening section 1: may have the sub %j, which stays one user', async (sub) => {
    expect(await verify(await sign({ exp, sub }))).toMatchObject({ ok: true, grant: { user: sub, subscribe: [] } });
  });

  it('section 3: may have the configured iss and aud, aud also in a list', async () => {
    const options = { issuer: 'https://id.example', audience: 'tidings' };
    const claims = { exp, iss: 'https://id.example' };
    expect(await verify(await sign({ ...claims, aud: 'tidings' }), options)).toMatchObject({ ok: true });
    expect(await verify(await sign({ ...claims, aud: ['other', 'tidings'] }), options)).toMatchObject({ ok: true });
    expect(await verify(await sign({ ...claims, aud: 7 }))).toMatchObject({ ok: true });
  });
});

describe('a token that is refused', () => {
  it.each<[string, string, object]>([
    ['nbf 6 s ahead', 'not-yet-valid', { exp, nbf: nowSec + 6 }],
    ['no exp', 'no-expiry', { sub: 'alice' }],
    ['exp 1e20', 'lives-too-long', { exp: 1e20 }],
    ['a life of over 31 days from now', 'lives-too-long', { exp: nowSec + 31 * DAY_SEC + 6 }],
    ['a life of over 31 days from iat', 'lives-too-long', { iat: nowSec - 31 * DAY_SEC, exp }],
    ['iat 6 s ahead', 'issued-in-future', { exp, iat: nowSec + 6 }],
    ['iat far ahead', 'issued-in-future', { iat: nowSec + 99 * DAY_SEC, exp: nowSec + 100 * DAY_SEC }],
    ['exp as a string', 'invalid-claims', { exp: String(exp) }],
    ['exp null', 'invalid-claims', { exp: null }],
    ['nbf as a string', 'invalid-claims', { exp, nbf: '0' }],
    ['iat as a string', 'invalid-claims', { exp, iat: '0' }],
    ['sub of a wrong type', 'invalid-claims', { exp, sub: 7 }],
    ['an illegal pattern', 'invalid-claims', { exp, tidings: { subscribe: ['a..b'] } }],
    ['admin as a string', 'invalid-claims', { exp, tidings: { admin: 'true' } }],
  ])('hardening section 1: for %s, as %s', async (_name, reason, claims) => {
    expect(await verify(signRaw(HS256, JSON.stringify(claims)))).toEqual(refused(reason));
  });

  it.each<[string, string, object]>([
    ['iss wrong', 'wrong-issuer', { exp, aud: 'tidings', iss: 'https://evil.example' }],
    ['iss missing', 'wrong-issuer', { exp, aud: 'tidings' }],
    ['iss of a wrong type', 'wrong-issuer', { exp, aud: 'tidings', iss: ['https://id.example'] }],
    ['aud wrong', 'wrong-audience', { exp, iss: 'https://id.example', aud: 'other' }],
    ['aud missing', 'wrong-audience', { exp, iss: 'https://id.example' }],
    ['aud of a wrong type', 'wrong-audience', { exp, iss: 'https://id.example', aud: { tidings: true } }],
  ])('hardening section 1: for %s, as %s', async (_name, reason, claims) => {
    const options = { issuer: 'https://id.example', audience: 'tidings' };
    expect(await verify(await sign(claims), options)).toEqual(refused(reason));
  });

  it.each<[string, string, string]>([
    ['alg none', 'unsupported-algorithm', assemble('{"alg":"none"}', `{"exp":${exp}}`)],
    ['alg none in other case', 'unsupported-algorithm', assemble('{"alg":"nOnE"}', `{"exp":${exp}}`)],
    ['no alg', 'malformed', signRaw('{}', `{"exp":${exp}}`)],
    ['alg of a wrong type', 'malformed', signRaw('{"alg":["HS256"]}', `{"exp":${exp}}`)],
    ['kid of a wrong type', 'malformed', signRaw('{"alg":"HS256","kid":7}', `{"exp":${exp}}`)],
    ['crit unknown', 'unsupported-extension', signRaw('{"alg":"HS256","crit":["x"],"x":1}', `{"exp":${exp}}`)],
    ['crit b64', 'unsupported-extension', signRaw('{"alg":"HS256","crit":["b64"],"b64":true}', `{"exp":${exp}}`)],
    ['crit empty', 'unsupported-extension', signRaw('{"alg":"HS256","crit":[]}', `{"exp":${exp}}`)],
    ['no signature', 'bad-signature', assemble(HS256, `{"exp":${exp}}`)],
    ['a payload that is no JSON', 'malformed', signRaw(HS256, 'hello')],
    ['a payload that is a list', 'malformed', signRaw(HS256, '[]')],
    ['exp 1e999', 'invalid-claims', signRaw(HS256, '{"exp":1e999}')],
    ['iat 1e999', 'invalid-claims', signRaw(HS256, `{"exp":${exp},"iat":1e999}`)],
    ['exp on a prototype', 'no-expiry', signRaw(HS256, `{"__proto__":{"exp":${exp}}}`)],
    ['an empty text', 'malformed', ''],
    ['two parts', 'malformed', 'a.b'],
    ['dots alone', 'malformed', '..'],
    ['a header that is no JSON', 'malformed', 'YWJj.YWJj.YWJj'],
    ['bytes that are no Base64', 'malformed', 'é😀.\u0000.?'],
    ['100 KB', 'too-large', 'x'.repeat(100_000)],
    ['100 KB of a good token', 'too-large', signRaw(HS256, `{"exp":${exp},"x":"${'x'.repeat(75_000)}"}`)],
    ['100 KB of dots', 'too-large', '.'.repeat(100_000)],
  ])('hardening section 1: for %s, as %s', async (_name, reason, token) => {
    expect(await verify(token)).toEqual(refused(reason));
  });

  it('hardening section 1: for a wrong key, as bad-signature', async () => {
    expect(await verify(await sign({ exp }, OTHER_SECRET))).toEqual(refused('bad-signature'));
    const token = await sign({ exp }, rsa.privateKey, { alg: 'RS256' });
    const [header, , signature] = token.split('.');
    const forged = [header, Buffer.from(`{"exp":${exp},"sub":"root"}`).toString('base64url'), signature].join('.');
    expect(await verify(forged, { keys: [createPemSource(toPem(rsa.publicKey))] })).toEqual(refused('bad-signature'));
  });

  it('hardening section 1: for HS256 with the public RSA key as the secret, with and without secrets configured', async () => {
    const pem = toPem(rsa.publicKey);
    for (const text of [pem, pem.trim()]) {
      const token = signRaw(HS256, `{"exp":${exp}}`, text);
      const keys = [createPemSource(pem)];
      expect(await verify(token, { keys })).toEqual(refused('unsupported-algorithm'));
      expect(await verify(token, { keys: [createSecretSource([SECRET]), ...keys] })).toEqual(refused('bad-signature'));
    }
  });

  it('section 3: for an algorithm that is not its key\u2019s own', async () => {
    const keys = [createPemSource(toPem(rsa.publicKey))];
    expect(await verify(await sign({ exp }, rsa.privateKey, { alg: 'RS512' }), { keys })).toEqual(
      refused('unsupported-algorithm'),
    );
    expect(await verify(await sign({ exp }, SECRET.repeat(2), { alg: 'HS512' }))).toEqual(
      refused('unsupported-algorithm'),
    );
  });

  it('hardening section 1: for a key that it brings along', async () => {
    const jwk = ec.publicKey.export({ format: 'jwk' });
    const token = await sign({ exp }, ec.privateKey, {
      alg: 'ES256',
      jwk,
      jku: 'https://evil.example/',
      kid: 'https://evil.example/',
    });
    const other = createPemSource(toPem(ed.publicKey));
    expect(await verify(token, { keys: [other] })).toEqual(refused('unsupported-algorithm'));
    const none: KeySource = { algorithms: ['ES256'], keysFor: async () => [] };
    expect(await verify(token, { keys: [none] })).toEqual(refused('unknown-key'));
  });

  it('hardening section 1: for being encrypted', async () => {
    const token = await new CompactEncrypt(Buffer.from(`{"exp":${exp}}`))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(Buffer.from(SECRET).subarray(0, 32));
    expect(await verify(token)).toEqual(refused('encrypted'));
  });

  it('section 3: for a life over the configured one', async () => {
    const token = await sign({ iat: nowSec, exp: nowSec + 61 });
    expect(await verify(token, { maxTokenAgeSec: 60 })).toEqual(refused('lives-too-long'));
    expect(await verify(token, { maxTokenAgeSec: 61 })).toMatchObject({ ok: true });
  });

  it('accepts the largest token that is allowed', async () => {
    const empty = signRaw(HS256, `{"exp":${exp},"x":""}`);
    const fill = Math.floor(((8_192 - empty.length) * 3) / 4);
    const token = signRaw(HS256, `{"exp":${exp},"x":"${'x'.repeat(fill)}"}`);
    expect(8_192 - token.length).toBeLessThan(3);
    expect(await verify(token)).toMatchObject({ ok: true });
  });
});

describe('an expired token', () => {
  it.each([
    ['5 s', 5],
    ['6 s', 6],
    ['an hour', 3_600],
    ['24 h', DAY_SEC],
  ])('section 4: %s past its exp keeps its grant for the soft answer', async (_name, pastSec) => {
    const token = await sign({ sub: 'alice', exp: nowSec - pastSec });
    const expired = { user: 'alice', expiresAtSec: nowSec - pastSec };
    expect(await verify(token)).toMatchObject({ ok: false, reason: 'expired', expired });
  });

  it.each([
    ['24 h and 1 s', { exp: nowSec - DAY_SEC - 1 }],
    ['100 years', { exp: -nowSec }],
  ])('section 4: %s past its exp is plainly refused', async (_name, claims) => {
    expect(await verify(await sign(claims))).toEqual(refused('expired'));
  });

  it.each<[string, string, object]>([
    ['its life was too long', 'lives-too-long', { iat: nowSec - 40 * DAY_SEC, exp: nowSec - 60 }],
    ['a claim is invalid', 'invalid-claims', { exp: nowSec - 60, sub: '' }],
    ['its iat lies ahead', 'issued-in-future', { exp: nowSec - 60, iat: nowSec + 60 }],
    ['its nbf lies ahead', 'not-yet-valid', { exp: nowSec - 60, nbf: nowSec + 60 }],
    ['its iss is wrong', 'wrong-issuer', { exp: nowSec - 60, aud: 'tidings', iss: 'x' }],
    ['its aud is wrong', 'wrong-audience', { exp: nowSec - 60, iss: 'https://id.example', aud: 'x' }],
  ])('section 4: gets no soft answer when %s', async (_name, reason, claims) => {
    const options = reason.startsWith('wrong-') ? { issuer: 'https://id.example', audience: 'tidings' } : {};
    expect(await verify(await sign(claims), options)).toEqual(refused(reason));
  });

  it('section 4: gets no soft answer with a wrong signature', async () => {
    expect(await verify(await sign({ exp: nowSec - 60 }, OTHER_SECRET))).toEqual(refused('bad-signature'));
  });
});

it('hardening section 2: follows the clock that it was given, forth and back', async () => {
  const ownClock = createFakeClock();
  const verifier = createVerifier({ keys: [createSecretSource([SECRET])], clock: ownClock });
  const token = await sign({ iat: nowSec, exp });
  ownClock.jump(64_999);
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  ownClock.jump(1);
  expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: 'expired' });
  ownClock.jump(-65_000);
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
});
