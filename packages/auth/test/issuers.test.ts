import { generateKeyPairSync } from 'node:crypto';
import { createFakeClock } from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeySources, createPemSource, createSecretSource } from '../src/key-source.ts';
import { createRemoteKeySource } from '../src/remote-keys.ts';
import type { TrustedIssuer } from '../src/trust.ts';
import { createVerifier, type Verification, type VerifierOptions } from '../src/verify.ts';
import { type KeyEndpoint, startKeyEndpoint, toJwk } from './key-endpoint.ts';
import { assemble, ec, ed, rsa, SECRET, sign, toPem } from './keys.ts';

const clock = createFakeClock();
const exp = clock.now() / 1000 + 60;
const ACME = 'https://id.acme.example';
const UMBRELLA = 'https://id.umbrella.example';
const ES256 = { alg: 'ES256' };
const EDDSA = { alg: 'EdDSA' };

const acme: TrustedIssuer = { issuer: ACME, keys: [createPemSource(toPem(ec.publicKey))] };
const umbrella: TrustedIssuer = { issuer: UMBRELLA, keys: [createPemSource(toPem(ed.publicKey))] };

function verify(token: string, options: Partial<VerifierOptions> = {}): Promise<Verification> {
  const plain = { keys: [createSecretSource([SECRET])], issuers: [acme, umbrella] };
  return createVerifier({ clock, ...plain, ...options }).verify(token);
}

const refused = (reason: string): object => ({ ok: false, reason });

describe('several issuers', () => {
  it('a token of each is verified with its own keys, and one of another issuer, or of none, with the plain keys', async () => {
    expect(await verify(await sign({ exp, iss: ACME }, ec.privateKey, ES256))).toMatchObject({ ok: true });
    expect(await verify(await sign({ exp, iss: UMBRELLA }, ed.privateKey, EDDSA))).toMatchObject({ ok: true });
    for (const iss of [undefined, 'https://other.example', '', `${ACME}/`, ACME.toUpperCase(), [ACME], null, 7]) {
      expect(await verify(await sign({ exp, iss }))).toMatchObject({ ok: true });
    }
  });

  it.each<[string, () => Promise<string>, string]>([
    [
      'the key of one under the iss of the other',
      () => sign({ exp, iss: UMBRELLA }, ec.privateKey, ES256),
      'unsupported-algorithm',
    ],
    [
      'the key of one under an iss that is not listed',
      () => sign({ exp, iss: 'x' }, ec.privateKey, ES256),
      'unsupported-algorithm',
    ],
    ['the key of one under no iss', () => sign({ exp }, ec.privateKey, ES256), 'unsupported-algorithm'],
    [
      'the key of one under its iss in a list',
      () => sign({ exp, iss: [ACME] }, ec.privateKey, ES256),
      'unsupported-algorithm',
    ],
    ['the plain secret under a listed iss', () => sign({ exp, iss: ACME }), 'unsupported-algorithm'],
    [
      'no signature under a listed iss',
      async () => assemble('{"alg":"ES256"}', JSON.stringify({ exp, iss: ACME })),
      'bad-signature',
    ],
    [
      'alg none under a listed iss',
      async () => assemble('{"alg":"none"}', JSON.stringify({ exp, iss: ACME })),
      'unsupported-algorithm',
    ],
    [
      'the public key of one as an HMAC secret',
      () => sign({ exp, iss: ACME }, toPem(ec.publicKey)),
      'unsupported-algorithm',
    ],
    ['claims that are no JSON', async () => assemble('{"alg":"HS256"}', 'x'), 'malformed'],
  ])('no key vouches for another issuer: %s is refused', async (_name, make, reason) => {
    expect(await verify(await make())).toEqual(refused(reason));
  });

  it('no key vouches for another issuer of the same algorithm, nor a plain key of it', async () => {
    const [one, two, plain] = [1, 2, 3].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    if (one === undefined || two === undefined || plain === undefined) return expect.unreachable();
    const options = {
      keys: [createPemSource(toPem(plain.publicKey))],
      issuers: [
        { issuer: ACME, keys: [createPemSource(toPem(one.publicKey))] },
        { issuer: UMBRELLA, keys: [createPemSource(toPem(two.publicKey))] },
      ],
    };
    const own = new Map<string | undefined, typeof one>([
      [ACME, one],
      [UMBRELLA, two],
      [undefined, plain],
    ]);
    for (const [iss, owner] of own) {
      for (const signer of own.values()) {
        const verification = await verify(await sign({ exp, iss }, signer.privateKey, ES256), options);
        expect(verification).toMatchObject(signer === owner ? { ok: true } : refused('bad-signature'));
      }
    }
  });

  it('an iss that stands there twice counts as JSON reads it, when a token is chosen for and when it is verified', async () => {
    const claims = (first: string, last: string): string => `{"iss":"${first}","exp":${exp},"iss":"${last}"}`;
    const { sign: signBytes } = await import('node:crypto');
    const signed = (payload: string): string => {
      const input = assemble('{"alg":"EdDSA"}', payload).slice(0, -1);
      return `${input}.${signBytes(null, Buffer.from(input), ed.privateKey).toString('base64url')}`;
    };
    expect(await verify(signed(claims(ACME, UMBRELLA)))).toMatchObject({ ok: true });
    expect(await verify(signed(claims(UMBRELLA, ACME)))).toEqual(refused('unsupported-algorithm'));
  });

  it('without plain keys an iss that is not listed is refused, and so is none', async () => {
    for (const iss of ['https://other.example', undefined]) {
      const token = await sign({ exp, iss }, ec.privateKey, ES256);
      expect(await verify(token, { keys: [] })).toEqual(refused('wrong-issuer'));
    }
  });

  it('the plain issuer and audience are of the plain keys alone, and each issuer has its own audience', async () => {
    const options = {
      issuer: 'https://plain.example',
      audience: 'plain',
      issuers: [{ ...acme, audience: 'hub' }, umbrella],
    };
    const plain = { exp, iss: 'https://plain.example', aud: 'plain' };
    expect(await verify(await sign(plain), options)).toMatchObject({ ok: true });
    expect(await verify(await sign({ ...plain, aud: 'hub' }), options)).toEqual(refused('wrong-audience'));
    expect(await verify(await sign({ ...plain, iss: 'x' }), options)).toEqual(refused('wrong-issuer'));
    const ofAcme = (aud?: string): Promise<string> => sign({ exp, iss: ACME, aud }, ec.privateKey, ES256);
    expect(await verify(await ofAcme('hub'), options)).toMatchObject({ ok: true });
    expect(await verify(await ofAcme('plain'), options)).toEqual(refused('wrong-audience'));
    expect(await verify(await ofAcme(), options)).toEqual(refused('wrong-audience'));
    const ofUmbrella = await sign({ exp, iss: UMBRELLA, aud: 'any' }, ed.privateKey, EDDSA);
    expect(await verify(ofUmbrella, options)).toMatchObject({ ok: true });
  });

  it.each<[string, readonly string[] | undefined, string | undefined, string | undefined]>([
    ['any may be named where none is listed', undefined, 'umbrella', 'umbrella'],
    ['without a claim it is default where none is listed', undefined, undefined, 'default'],
    ['one that is listed may be named', ['acme', 'labs'], 'labs', 'labs'],
    ['one that is not listed is refused', ['acme', 'labs'], 'umbrella', undefined],
    ['default is not listed by itself', ['acme'], 'default', undefined],
    ['without a claim it is the only one that is listed', ['acme'], undefined, 'acme'],
    ['without a claim it is default of several, where that is listed', ['acme', 'default'], undefined, 'default'],
    [
      'without a claim it is refused where several are listed and default is not',
      ['acme', 'labs'],
      undefined,
      undefined,
    ],
  ])('tenants: %s', async (_name, tenants, tenant, expected) => {
    const token = await sign({ exp, iss: ACME, tenant }, ec.privateKey, ES256);
    const verification = await verify(token, { issuers: [{ ...acme, tenants }] });
    if (expected === undefined) expect(verification).toEqual(refused('wrong-tenant'));
    else expect(verification).toMatchObject({ ok: true, grant: { tenant: expected } });
  });

  it('tenants: one that is not listed gets no soft answer either, and a list binds no other issuer', async () => {
    const issuers = [{ ...acme, tenants: ['acme'] }, umbrella];
    const late = await sign({ exp: exp - 120, iss: ACME, tenant: 'umbrella' }, ec.privateKey, ES256);
    expect(await verify(late, { issuers })).toEqual(refused('wrong-tenant'));
    const other = await sign({ exp, iss: UMBRELLA, tenant: 'umbrella' }, ed.privateKey, EDDSA);
    expect(await verify(other, { issuers })).toMatchObject({ ok: true });
    expect(await verify(await sign({ exp, tenant: 'umbrella' }), { issuers })).toMatchObject({ ok: true });
  });
});

describe('several issuers with a JWKS URL each', () => {
  let first: KeyEndpoint;
  let second: KeyEndpoint;
  beforeAll(async () => {
    first = await startKeyEndpoint(toJwk(ec.publicKey, { kid: 'one' }));
    second = await startKeyEndpoint(toJwk(rsa.publicKey, { kid: 'one' }));
  });
  afterAll(() => Promise.all([first.close(), second.close()]));

  it('a kid that both have is each one\u2019s own', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    second.serve(toJwk(other.publicKey, { kid: 'one' }));
    const issuers = [
      { issuer: ACME, keys: [createRemoteKeySource(first.url, clock)] },
      { issuer: UMBRELLA, keys: [createRemoteKeySource(second.url, clock)] },
    ];
    const verifier = createVerifier({ keys: [], issuers, clock });
    const header = { alg: 'ES256', kid: 'one' };
    for (const [iss, owner] of [
      [ACME, ec],
      [UMBRELLA, other],
    ] as const) {
      for (const signer of [ec, other]) {
        const verification = await verifier.verify(await sign({ exp, iss }, signer.privateKey, header));
        expect(verification).toMatchObject(signer === owner ? { ok: true } : refused('bad-signature'));
      }
    }
  });

  it('hardening section 2: one whose endpoint hangs delays no token of the others, nor of the plain keys', async () => {
    let asked = (): void => {};
    const hung = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const good = first.answer;
    first.answer = () => asked();
    second.serve(toJwk(rsa.publicKey, { kid: 'two' }));
    const issuers = [
      { issuer: ACME, keys: createKeySources({ jwksUrl: first.url }, clock) },
      { issuer: UMBRELLA, keys: createKeySources({ jwksUrl: second.url }, clock) },
    ];
    const verifier = createVerifier({ keys: [createSecretSource([SECRET])], issuers, clock });
    let settled = false;
    const waiting = verifier.verify(await sign({ exp, iss: ACME }, ec.privateKey, { alg: 'ES256', kid: 'one' }));
    const done = waiting.then(
      () => {},
      () => {},
    );
    void done.then(() => {
      settled = true;
    });
    await hung;
    const header = { alg: 'RS256', kid: 'two' };
    expect(await verifier.verify(await sign({ exp, iss: UMBRELLA }, rsa.privateKey, header))).toMatchObject({
      ok: true,
    });
    expect(await verifier.verify(await sign({ exp }))).toMatchObject({ ok: true });
    expect(settled).toBe(false);
    await first.close();
    await done;
    first = await startKeyEndpoint();
    first.answer = good;
  });
});
