import type { Clock } from '@tidings/runtime';
import { errors, jwtVerify } from 'jose';
import { parseClaims } from './claims.ts';
import type { Grant } from './grant.ts';
import type { VerificationKey } from './key-source.ts';
import type { Refusal } from './refusal.ts';
import { readTokenHeader } from './token-header.ts';
import { createTrustSelector, type Trust, type TrustedIssuer, toDefaultTenant } from './trust.ts';
import { createVerifiedTokens, type ValidToken } from './verified-tokens.ts';

/** What judges the tokens of no issuer in `issuers`; without keys they are all refused. */
export interface VerifierOptions extends Trust {
  readonly clock: Clock;
  readonly issuers?: readonly TrustedIssuer[] | undefined;
  /** The longest life of a token; 31 days when left out. */
  readonly maxTokenAgeSec?: number | undefined;
}

/**
 * What a token turned out to be. `reason` is for log and metric, never for the client. `expired` is there when the token
 * is valid but for an `exp` at most 24 h past: a native EventSource then gets a soft answer (contract section 4).
 */
export type Verification = ValidToken | { readonly ok: false; readonly reason: Refusal; readonly expired?: Grant };

export interface Verifier {
  /** @throws TidingsError `unavailable` when keys can't be fetched: that is not the client's doing. */
  verify(token: string): Promise<Verification>;
}

/** Difference between two clocks that is forgiven (contract section 3). */
export const CLOCK_SKEW_SEC = 5;
/** The longest life of a token unless configured: 31 days. */
export const DEFAULT_MAX_TOKEN_AGE_SEC: number = 31 * 86_400;
/** How long past its `exp` a token may get the soft answer. */
export const SOFT_EXPIRY_SEC = 86_400;

/**
 * A verifier of JWTs as contract section 3 wants them. `exp` is judged last, so that an expired token that is wrong in
 * another way too is never answered softly. A valid token that comes again within a minute is not verified again; its
 * time and its keys are looked at each time.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { clock, issuers = [], maxTokenAgeSec = DEFAULT_MAX_TOKEN_AGE_SEC } = options;
  const selectTrust = createTrustSelector(options, issuers);
  const verified = createVerifiedTokens(clock);

  async function verifyWith(
    token: string,
    key: VerificationKey,
    algorithms: readonly string[],
    trust: Trust,
  ): Promise<Verification> {
    const { issuer, audience } = trust;
    const nowMs = clock.now();
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [...algorithms],
        clockTolerance: CLOCK_SKEW_SEC,
        currentDate: new Date(nowMs),
        ...(issuer !== undefined && { issuer }),
        ...(audience !== undefined && { audience }),
      });
      return judge(payload, trust, nowMs / 1000, false);
    } catch (error) {
      // jose throws it after all its other checks.
      if (error instanceof errors.JWTExpired) return judge(error.payload, trust, nowMs / 1000, true);
      return { ok: false, reason: toRefusal(error) };
    }
  }

  function judge(payload: object, trust: Trust, nowSec: number, expired: boolean): Verification {
    if (!Object.hasOwn(payload, 'exp')) return { ok: false, reason: 'no-expiry' };
    const grant = parseClaims(payload, toDefaultTenant(trust));
    if (grant === undefined) return { ok: false, reason: 'invalid-claims' };
    if (trust.tenants?.includes(grant.tenant) === false) return { ok: false, reason: 'wrong-tenant' };
    const latestSec = nowSec + CLOCK_SKEW_SEC;
    const { issuedAtSec: bornSec = latestSec } = grant;
    // It would outlive a revocation of all that its user was given until now.
    if (bornSec > latestSec) return { ok: false, reason: 'issued-in-future' };
    if (grant.expiresAtSec - bornSec > maxTokenAgeSec) return { ok: false, reason: 'lives-too-long' };
    if (!expired) return { ok: true, grant };
    const soft = nowSec - grant.expiresAtSec <= SOFT_EXPIRY_SEC;
    return { ok: false, reason: 'expired', ...(soft && { expired: grant }) };
  }

  return {
    async verify(token) {
      const known = verified.find(token);
      if (known !== undefined) return known;
      const hint = readTokenHeader(token);
      if (typeof hint === 'string') return { ok: false, reason: hint };
      const trust = selectTrust(token);
      if (trust === undefined) return { ok: false, reason: 'malformed' };
      if (trust.keys.length === 0) return { ok: false, reason: 'wrong-issuer' };
      const able = trust.keys.filter((source) => source.algorithms.includes(hint.alg));
      let reason: Refusal = able.length === 0 ? 'unsupported-algorithm' : 'unknown-key';
      for (const source of able) {
        // Before the keys are asked for: should they change meanwhile, what they verify does not stand.
        const { edition } = source;
        for (const key of await source.keysFor(hint)) {
          const verification = await verifyWith(token, key, source.algorithms, trust);
          if (verification.ok) verified.remember(token, verification, source, edition);
          if (verification.ok || verification.reason !== 'bad-signature') return verification;
          reason = verification.reason;
        }
      }
      return { ok: false, reason };
    },
  };
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad-signature';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  if (error instanceof errors.JWTClaimValidationFailed) return toClaimRefusal(error.claim, error.reason);
  throw error;
}

function toClaimRefusal(claim: string, fault: string): Refusal {
  if (claim === 'iss') return 'wrong-issuer';
  if (claim === 'aud') return 'wrong-audience';
  return claim === 'nbf' && fault === 'check_failed' ? 'not-yet-valid' : 'invalid-claims';
}
