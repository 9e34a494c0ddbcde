import { createFakeClock } from '@tidings/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecretSource } from '../src/key-source.ts';
import { createRevocations, type Revocation, type TokenIdentity, toRevocationEnd } from '../src/revocations.ts';
import { createVerifier } from '../src/verify.ts';
import { SECRET, sign } from './keys.ts';

const NOW_SEC = 1_790_000_000;
const clockOf = (): ReturnType<typeof createFakeClock> => createFakeClock(NOW_SEC * 1000);
const endsSec = NOW_SEC + 3_600;

const token = (some: Partial<TokenIdentity> = {}): TokenIdentity => ({
  tenant: 'acme',
  user: 'alice',
  tokenId: 'x',
  issuedAtSec: NOW_SEC,
  ...some,
});

describe('createRevocations', () => {
  it('section 8: by its jti one token is revoked, whoever its user is, and that of another tenant is not', () => {
    const revocations = createRevocations(clockOf());
    revocations.add({ tenant: 'acme', jti: 'x', endsSec });
    expect(revocations.isRevoked(token())).toBe(true);
    expect(revocations.isRevoked(token({ user: undefined, issuedAtSec: undefined }))).toBe(true);
    expect(revocations.isRevoked(token({ tokenId: 'y' }))).toBe(false);
    expect(revocations.isRevoked(token({ tokenId: undefined }))).toBe(false);
    expect(revocations.isRevoked(token({ tenant: 'other' }))).toBe(false);
  });

  it.each<[string, Partial<TokenIdentity>, boolean]>([
    ['issued before', { issuedAtSec: NOW_SEC - 1 }, true],
    ['issued at that moment', { issuedAtSec: NOW_SEC }, true],
    ['issued after', { issuedAtSec: NOW_SEC + 0.5 }, false],
    ['that does not say when it was issued', { issuedAtSec: undefined }, true],
    ['of another user', { user: 'bob' }, false],
    ['without a user', { user: undefined }, false],
    ['of the same user of another tenant', { tenant: 'other' }, false],
  ])('section 8: where all of a user were revoked, a token %s', (_name, some, revoked) => {
    const revocations = createRevocations(clockOf());
    revocations.add({ tenant: 'acme', user: 'alice', issuedBeforeSec: NOW_SEC, endsSec });
    expect(revocations.isRevoked(token(some))).toBe(revoked);
  });

  it('a user and a token of the same name are not mixed up', () => {
    const revocations = createRevocations(clockOf());
    revocations.add({ tenant: 'acme', jti: 'alice', endsSec });
    revocations.add({ tenant: 'acme', user: 'x', issuedBeforeSec: NOW_SEC, endsSec });
    expect(revocations.isRevoked(token())).toBe(false);
  });

  it('what has ended is dropped once another comes, and what has not stays', () => {
    const clock = clockOf();
    const revocations = createRevocations(clock);
    revocations.add({ tenant: 'acme', jti: 'short', endsSec: NOW_SEC + 60 });
    revocations.add({ tenant: 'acme', user: 'short', issuedBeforeSec: NOW_SEC, endsSec: NOW_SEC + 60 });
    revocations.add({ tenant: 'acme', jti: 'x', endsSec: NOW_SEC + 61 });
    revocations.add({ tenant: 'acme', user: 'alice', issuedBeforeSec: NOW_SEC, endsSec: NOW_SEC + 61 });
    clock.advance(60_000);
    expect(revocations.size).toBe(4);
    revocations.add({ tenant: 'acme', jti: 'new', endsSec });
    expect(revocations.size).toBe(3);
    expect(revocations.isRevoked(token({ user: undefined }))).toBe(true);
    expect(revocations.isRevoked(token({ tokenId: undefined }))).toBe(true);
    expect(revocations.isRevoked(token({ tokenId: 'short', user: 'short' }))).toBe(false);
  });

  it('many that end in turn are never all held, and each that comes does not look at all of them', () => {
    const clock = clockOf();
    const revocations = createRevocations(clock);
    let most = 0;
    for (let second = 0; second < 3_600; second += 1) {
      revocations.add({ tenant: 'acme', jti: `${second}`, endsSec: NOW_SEC + second + 10 });
      most = Math.max(most, revocations.size);
      clock.advance(1_000);
    }
    // Those of ten seconds, and what ended since the last look, a minute ago at most.
    expect(most).toBeLessThanOrEqual(71);
    expect(most).toBeGreaterThan(60);
  });

  it('hardening section 2: a clock that is set back revokes nothing less, and holds up no end', () => {
    const clock = clockOf();
    const revocations = createRevocations(clock);
    revocations.add({ tenant: 'acme', jti: 'x', endsSec });
    clock.jump(-86_400_000);
    revocations.add({ tenant: 'acme', jti: 'y', endsSec: NOW_SEC - 86_400 + 60 });
    expect(revocations.isRevoked(token())).toBe(true);
    clock.advance(60_000);
    revocations.add({ tenant: 'acme', jti: 'z', endsSec });
    expect(revocations.isRevoked(token({ tokenId: 'y' }))).toBe(false);
    expect(revocations.size).toBe(2);
    clock.advance(86_400_000 + 3_600_000);
    revocations.add({ tenant: 'acme', jti: 'z', endsSec: endsSec + 60 });
    expect(revocations.size).toBe(1);
  });

  it('section 8: in whatever order revocations come, and however often, the same is revoked', () => {
    const tenant = fc.constantFrom('a', 'b');
    const name = fc.constantFrom('x', 'y');
    const moment = fc.integer({ min: NOW_SEC - 3, max: NOW_SEC + 3 });
    const ends = fc.integer({ min: NOW_SEC + 100, max: NOW_SEC + 103 });
    const anyRevocation: fc.Arbitrary<Revocation> = fc.oneof(
      fc.record({ tenant, jti: name, endsSec: ends }),
      fc.record({ tenant, user: name, issuedBeforeSec: moment, endsSec: ends }),
    );
    const anyToken = fc.record({
      tenant,
      user: fc.option(name, { nil: undefined }),
      tokenId: fc.option(name, { nil: undefined }),
      issuedAtSec: fc.option(moment, { nil: undefined }),
    });
    const inOtherOrder = fc
      .array(anyRevocation, { maxLength: 8 })
      .chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
      );
    fc.assert(
      fc.property(inOtherOrder, anyToken, fc.integer({ min: 99, max: 104 }), ([list, others], some, laterSec) => {
        const clocks = [clockOf(), clockOf()] as const;
        const [one, other] = [createRevocations(clocks[0]), createRevocations(clocks[1])];
        for (const revocation of list) one.add(revocation);
        for (const revocation of others) other.add(revocation);
        // The rule once more, without any store.
        const revoked = list.some(
          (each) =>
            each.tenant === some.tenant &&
            ('jti' in each
              ? each.jti === some.tokenId
              : each.user === some.user && !((some.issuedAtSec ?? Number.NEGATIVE_INFINITY) > each.issuedBeforeSec)),
        );
        expect([one.isRevoked(some), other.isRevoked(some)]).toEqual([revoked, revoked]);
        for (const [place, revocations] of [one, other].entries()) {
          clocks[place]?.advance(laterSec * 1000);
          revocations.add({ tenant: 'c', jti: 'last', endsSec: NOW_SEC + 1_000 });
        }
        expect(one.size).toBe(other.size);
        expect(one.isRevoked(some)).toBe(other.isRevoked(some));
      }),
      { numRuns: 2_000, verbose: 1 },
    );
  });
});

it('section 8: a revocation lasts for as long as a token that it is about gets any answer but 401', async () => {
  const clock = clockOf();
  const maxTokenAgeSec = 3_600;
  const verifier = createVerifier({ keys: [createSecretSource([SECRET])], clock, maxTokenAgeSec });
  const iat = NOW_SEC + 5;
  const longest = await sign({ iat, exp: iat + maxTokenAgeSec });
  expect(await verifier.verify(longest)).toMatchObject({ ok: true });
  clock.advance((toRevocationEnd(NOW_SEC, maxTokenAgeSec) - NOW_SEC) * 1000);
  expect(await verifier.verify(longest)).toMatchObject({ ok: false, expired: { issuedAtSec: iat } });
  clock.advance(1);
  expect(await verifier.verify(longest)).toEqual({ ok: false, reason: 'expired' });
});
