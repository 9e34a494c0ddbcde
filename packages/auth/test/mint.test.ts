import { createFakeClock } from '@tidings/runtime/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, it } from 'vitest';
import { createSecretSource } from '../src/key-source.ts';
import { mintToken } from '../src/mint.ts';
import { createVerifier } from '../src/verify.ts';
import { SECRET } from './keys.ts';

const clock = createFakeClock(1_700_000_000_900);

it('mints what the verifier accepts until the lifetime is over', async () => {
  const token = await mintToken(SECRET, { sub: 'alice', tidings: { subscribe: ['a.*'] } }, 60, clock);
  const verifier = createVerifier({ keys: [createSecretSource([SECRET])], clock });
  const grant = { user: 'alice', subscribe: ['a.*'], issuedAtSec: 1_700_000_000, expiresAtSec: 1_700_000_060 };
  expect(await verifier.verify(token)).toMatchObject({ ok: true, grant });
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
});

it('gives each token an id of its own unless it is given one, and lets no claim replace iat or exp', async () => {
  const claims = { iat: 1, exp: 2 } as object;
  const [one, other] = [await mintToken(SECRET, claims, 60, clock), await mintToken(SECRET, claims, 60, clock)];
  expect(decodeJwt(one)).toMatchObject({ iat: 1_700_000_000, exp: 1_700_000_060 });
  expect(decodeJwt(one).jti).toMatch(/^[0-9a-f-]{36}$/);
  expect(decodeJwt(one).jti).not.toBe(decodeJwt(other).jti);
});

it('refuses a short secret without repeating it', async () => {
  await expect(mintToken('hush', {}, 60, clock)).rejects.toThrow('The secret has 4 bytes: HS256 needs 32 or more.');
});
