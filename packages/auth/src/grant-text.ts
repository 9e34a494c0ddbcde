import { parseClaims } from './claims.ts';
import type { Grant } from './grant.ts';

/**
 * A grant as JSON, for the store in which a ticket waits to be redeemed: the claims of a token that would make it.
 * @throws TypeError for `ANONYMOUS`, which never ends and needs no ticket.
 */
export function encodeGrant(grant: Grant): string {
  const { user, tenant, subscribe, publish, admin, tokenId, issuedAtSec, expiresAtSec } = grant;
  if (!Number.isFinite(expiresAtSec)) throw new TypeError('Only the grant of a token has a text: encodeGrant(grant).');
  const tidings = { subscribe, publish, admin };
  return JSON.stringify({ sub: user, tenant, tidings, jti: tokenId, iat: issuedAtSec, exp: expiresAtSec });
}

/** The grant of such a text, or `undefined` where it is not one: it is checked as the claims of a token are. */
export function parseGrant(text: string): Grant | undefined {
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof claims === 'object' && claims !== null ? parseClaims(claims) : undefined;
}
