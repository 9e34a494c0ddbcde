import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createSecretSource, type KeySource } from '../src/key-source.ts';
import { createVerifiedTokens, type ValidToken, VERIFICATION_AGE_MS } from '../src/verified-tokens.ts';
import { createVerifier, type Verifier } from '../src/verify.ts';
import { OTHER_SECRET, SECRET, sign } from './keys.ts';

interface CountedVerifier {
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly verifier: Verifier;
  readonly source: { edition: number | undefined; secret: string };
  nowSec(): number;
  /** How often keys were asked for: once for each whole verification. */
  verifications(): number;
}

function createCounted(): CountedVerifier {
  const clock = createFakeClock();
  let asked = 0;
  const changing: { edition: number | undefined; secret: string } = { edition: 1, secret: SECRET };
  const source: KeySource = {
    algorithms: ['HS256'],
    get edition() {
      return changing.edition;
    },
    keysFor(hint) {
      asked += 1;
      return createSecretSource([changing.secret]).keysFor(hint);
    },
  };
  const verifier = createVerifier({ keys: [source], clock });
  return { clock, verifier, source: changing, nowSec: () => clock.now() / 1000, verifications: () => asked };
}

describe('a valid token that comes again', () => {
  it('is not verified again for a minute, and gives the same grant, with what it can be revoked by', async () => {
    const { verifier, clock, nowSec, verifications } = createCounted();
    const token = await sign({ sub: 'alice', jti: 'x', iat: nowSec(), exp: nowSec() + 3_600 });
    const first = await verifier.verify(token);
    clock.advance(VERIFICATION_AGE_MS - 1);
    expect(await verifier.verify(token)).toEqual(first);
    expect(first).toMatchObject({ ok: true, grant: { user: 'alice', tokenId: 'x', issuedAtSec: expect.any(Number) } });
    expect(verifications()).toBe(1);
    clock.advance(1);
    expect(await verifier.verify(token)).toEqual(first);
    expect(verifications()).toBe(2);
  });

  it('section 3: is refused once its exp and the forgiven skew are past', async () => {
    const { verifier, clock, nowSec } = createCounted();
    const token = await sign({ sub: 'alice', exp: nowSec() + 10 });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    clock.advance(14_999);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    clock.advance(1);
    expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: 'expired', expired: { user: 'alice' } });
  });

  it('section 3: is judged by the clock as it stands: one that was set back makes it too young again', async () => {
    const { verifier, clock, nowSec } = createCounted();
    const token = await sign({ nbf: nowSec(), exp: nowSec() + 3_600 });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    clock.advance(-6_000);
    expect(await verifier.verify(token)).toEqual({ ok: false, reason: 'not-yet-valid' });
  });

  it('section 3: is refused when the clock was set back to before its iat, and taken again once that is reached', async () => {
    const { verifier, clock, nowSec } = createCounted();
    const token = await sign({ iat: nowSec(), exp: nowSec() + 3_600 });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    clock.jump(-6_000);
    expect(await verifier.verify(token)).toEqual({ ok: false, reason: 'issued-in-future' });
    clock.advance(1_000);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  it('is refused as soon as the key set has changed and no longer holds its key', async () => {
    const { verifier, source, nowSec } = createCounted();
    const token = await sign({ exp: nowSec() + 3_600 });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    Object.assign(source, { edition: 2, secret: OTHER_SECRET });
    expect(await verifier.verify(token)).toEqual({ ok: false, reason: 'bad-signature' });
  });

  it('is verified in full while no key set is in force', async () => {
    const { verifier, source, nowSec, verifications } = createCounted();
    const token = await sign({ exp: nowSec() + 3_600 });
    await verifier.verify(token);
    source.edition = undefined;
    await verifier.verify(token);
    await verifier.verify(token);
    expect(verifications()).toBe(3);
  });

  it('does not stand where the keys changed while it was being verified', async () => {
    const clock = createFakeClock();
    const secrets = createSecretSource([SECRET]);
    const source = {
      algorithms: ['HS256'],
      edition: 1,
      async keysFor(hint: { alg: string }) {
        const keys = await secrets.keysFor(hint);
        source.edition += 1;
        return keys;
      },
    };
    const verifier = createVerifier({ keys: [source], clock });
    const token = await sign({ exp: clock.now() / 1000 + 3_600 });
    for (let round = 1; round <= 3; round += 1) {
      expect(await verifier.verify(token)).toMatchObject({ ok: true });
      expect(source.edition).toBe(1 + round);
    }
  });
});

describe('what is not remembered', () => {
  it('a refused token: each is verified anew, so that a flood of them fills nothing', async () => {
    const { verifier, nowSec, verifications } = createCounted();
    const forged = await sign({ exp: nowSec() + 3_600 }, OTHER_SECRET);
    const expired = await sign({ exp: nowSec() - 60 });
    for (const token of [forged, expired, forged, expired]) {
      expect(await verifier.verify(token)).toMatchObject({ ok: false });
    }
    expect(verifications()).toBe(4);
  });

  it('a token whose text differs in a single character gets nothing from it', async () => {
    const { verifier, nowSec } = createCounted();
    const alice = await sign({ sub: 'alice', exp: nowSec() + 3_600 });
    const bob = await sign({ sub: 'bob', exp: nowSec() + 3_600 });
    expect(await verifier.verify(alice)).toMatchObject({ grant: { user: 'alice' } });
    expect(await verifier.verify(bob)).toMatchObject({ grant: { user: 'bob' } });
    expect(await verifier.verify(alice)).toMatchObject({ grant: { user: 'alice' } });
    const [header, payload] = bob.split('.');
    expect(await verifier.verify(`${header}.${payload}.${alice.split('.')[2]}`)).toMatchObject({ ok: false });
    const changed = alice.slice(0, 40) + (alice[40] === 'A' ? 'B' : 'A') + alice.slice(41);
    expect(await verifier.verify(changed)).toMatchObject({ ok: false });
  });

  it('text that is not latin1, which would be kept under another', () => {
    const tokens = createVerifiedTokens(createFakeClock());
    const source = createSecretSource([SECRET]);
    tokens.remember('a.b.\u0141', validUntil(Number.MAX_SAFE_INTEGER), source, source.edition);
    expect(tokens.find('a.b.A')).toBeUndefined();
    expect(tokens.find('a.b.\u0141')).toBeUndefined();
  });

  it('what was used longest ago, once all together are over the size', () => {
    const clock = createFakeClock();
    const source = createSecretSource([SECRET]);
    const tokens = createVerifiedTokens(clock, 50_000);
    const names = Array.from({ length: 100 }, (_, place) => `${place}`.padStart(500, 'x'));
    for (const name of names) {
      tokens.remember(name, validUntil(clock.now()), source, source.edition);
      expect(tokens.find(names[0] as string)).toBeDefined();
    }
    const kept = names.filter((name) => tokens.find(name) !== undefined);
    // 500 characters count 3,500 bytes.
    expect(kept).toEqual([names[0], ...names.slice(-13)]);
  });
});

function validUntil(expiresAtSec: number): ValidToken {
  const grant = { user: undefined, tenant: 'default', subscribe: [], publish: [], admin: false };
  return { ok: true, grant: { ...grant, tokenId: undefined, issuedAtSec: undefined, expiresAtSec } };
}
