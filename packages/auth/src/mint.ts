import { randomUUID } from 'node:crypto';
import type { Clock } from '@tidings/runtime';
import { SignJWT } from 'jose';
import { toSecretBytes } from './key-source.ts';

/** The claims of a token to be minted; `iat` and `exp` are the minter's. */
export interface MintClaims {
  readonly sub?: string;
  /** By which it can be revoked; a random one when left out. */
  readonly jti?: string;
  readonly tenant?: string;
  readonly iss?: string;
  readonly aud?: string | string[];
  readonly tidings?: {
    readonly subscribe?: readonly string[];
    readonly publish?: readonly string[];
    readonly admin?: boolean;
  };
}

/**
 * Signs a token with HS256, for development and tests: in production tokens are the work of the application's own
 * login. It lives `lifetimeSec` seconds from now.
 * @throws TypeError when the secret is shorter than 32 bytes; the message does not contain it.
 */
export async function mintToken(
  secret: string,
  claims: MintClaims,
  lifetimeSec: number,
  clock: Clock,
): Promise<string> {
  const issuedAtSec = Math.floor(clock.now() / 1000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(issuedAtSec)
    .setExpirationTime(issuedAtSec + lifetimeSec)
    .setJti(claims.jti ?? randomUUID())
    .sign(toSecretBytes(secret));
}
