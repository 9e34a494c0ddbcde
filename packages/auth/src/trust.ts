import { decodeJwt } from 'jose';
import { DEFAULT_TENANT } from './grant.ts';
import type { KeySource } from './key-source.ts';

/** What a token is judged by: the keys that may have signed it, and what they may say. */
export interface Trust {
  readonly keys: readonly KeySource[];
  /** The one `iss` that is accepted; any or none when left out. */
  readonly issuer?: string | undefined;
  /** What `aud` must be or contain; anything when left out. */
  readonly audience?: string | undefined;
  /** The tenants that a token may be of; any when left out. */
  readonly tenants?: readonly string[] | undefined;
}

/** An issuer that has keys of its own, which vouch for no other's tokens. */
export interface TrustedIssuer extends Trust {
  readonly issuer: string;
}

/**
 * Chooses by the `iss` that a token claims, before anything about it is verified (ADR 0016). That is safe because the
 * claim only chooses: the token is then verified with the keys of the issuer that it names, or with those of none.
 * @param plain what judges tokens of every other issuer, and of none.
 * @returns `undefined` for a token whose claims can't be read.
 */
export function createTrustSelector(
  plain: Trust,
  issuers: readonly TrustedIssuer[],
): (token: string) => Trust | undefined {
  if (issuers.length === 0) return () => plain;
  const byIssuer = new Map<unknown, TrustedIssuer>(issuers.map((trusted) => [trusted.issuer, trusted]));
  return (token) => {
    try {
      return byIssuer.get(decodeJwt(token).iss) ?? plain;
    } catch {
      return undefined;
    }
  };
}

/** The tenant of a token that names none: the only one that it can be of, else `default`, be that allowed or not. */
export function toDefaultTenant({ tenants = [] }: Trust): string {
  const [only, ...others] = tenants;
  return only === undefined || others.length > 0 ? DEFAULT_TENANT : only;
}
