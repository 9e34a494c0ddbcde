import type { Clock } from '@tidings/runtime';
import type { Grant } from './grant.ts';
import { CLOCK_SKEW_SEC, SOFT_EXPIRY_SEC } from './verify.ts';

/** What is revoked: one token, or all of a user's that were issued at a moment or before it. */
export type Revocation = {
  readonly tenant: string;
  /** When it may be forgotten, in seconds since 1970: as `toRevocationEnd` says. */
  readonly endsSec: number;
} & ({ readonly jti: string } | { readonly user: string; readonly issuedBeforeSec: number });

/** What of a token a revocation is about. */
export type TokenIdentity = Pick<Grant, 'tenant' | 'user' | 'tokenId' | 'issuedAtSec'>;

/** The revocations in force, as one process knows them. */
export interface Revocations {
  readonly size: number;
  /** Answers whether it revokes anything that was not revoked. */
  add(revocation: Revocation): boolean;
  /** The moment until which a user's tokens are revoked, in seconds since 1970; `undefined` when they are not. */
  revokedUntil(tenant: string, user: string): number | undefined;
  /**
   * Whether a token is revoked: by its `jti`, or because its user's tokens are and it does not show an `iat` after that.
   * Two look-ups.
   */
  isRevoked(token: TokenIdentity): boolean;
}

/**
 * When a revocation may be forgotten: no token that it is about is taken after that, nor answered softly, the forgiven
 * skew included. In seconds since 1970.
 * @param bornSec the latest `iat` of a token that it is about: `issuedBeforeSec`, or now.
 */
export function toRevocationEnd(bornSec: number, maxTokenAgeSec: number): number {
  return bornSec + CLOCK_SKEW_SEC + maxTokenAgeSec + SOFT_EXPIRY_SEC;
}

const PRUNE_EVERY_MS = 60_000;

export function createRevocations(clock: Clock): Revocations {
  // The moment at which each ends.
  const tokens = new Map<string, number>();
  const users = new Map<string, { issuedBeforeSec: number; endsSec: number }>();
  let prunedMs = clock.now();

  // No timer: what has ended harms nobody until the next one comes.
  function prune(): void {
    const nowMs = clock.now();
    if (nowMs - prunedMs < PRUNE_EVERY_MS && nowMs >= prunedMs) return;
    prunedMs = nowMs;
    for (const [key, endsSec] of tokens) if (endsSec * 1000 <= nowMs) tokens.delete(key);
    for (const [key, { endsSec }] of users) if (endsSec * 1000 <= nowMs) users.delete(key);
  }

  return {
    get size() {
      return tokens.size + users.size;
    },
    add(revocation) {
      prune();
      const { tenant, endsSec } = revocation;
      if ('jti' in revocation) {
        const key = keyOf(tenant, revocation.jti);
        const isNew = !tokens.has(key);
        tokens.set(key, Math.max(endsSec, tokens.get(key) ?? 0));
        return isNew;
      }
      const key = keyOf(tenant, revocation.user);
      const known = users.get(key);
      const { issuedBeforeSec } = revocation;
      // Two of the same user come in any order: what either revokes stays revoked.
      users.set(key, {
        issuedBeforeSec: Math.max(issuedBeforeSec, known?.issuedBeforeSec ?? Number.NEGATIVE_INFINITY),
        endsSec: Math.max(endsSec, known?.endsSec ?? 0),
      });
      return known === undefined || issuedBeforeSec > known.issuedBeforeSec;
    },
    revokedUntil: (tenant, user) => users.get(keyOf(tenant, user))?.issuedBeforeSec,
    isRevoked({ tenant, user, tokenId, issuedAtSec }) {
      // Each request asks: where nothing is revoked, no key is made.
      if (tokens.size > 0 && tokenId !== undefined && tokens.has(keyOf(tenant, tokenId))) return true;
      const revoked = user === undefined || users.size === 0 ? undefined : users.get(keyOf(tenant, user));
      return revoked !== undefined && !(issuedAtSec !== undefined && issuedAtSec > revoked.issuedBeforeSec);
    },
  };
}

// Tenants have users of the same name; no tenant's name holds a line break.
const keyOf = (tenant: string, name: string): string => `${tenant}\n${name}`;

/** What of a grant has to be kept for as long as something rests upon its token. */
export function identityOf({ tenant, user, tokenId, issuedAtSec }: Grant): TokenIdentity {
  return { tenant, user, tokenId, issuedAtSec };
}
