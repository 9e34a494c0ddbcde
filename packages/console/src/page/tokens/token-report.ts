import type { TokenClaims } from '../../token-claims.ts';
import { decodePart } from '../access.ts';

/** What can be told of a token without its key. */
export interface TokenReport {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: TokenClaims & Readonly<Record<string, unknown>>;
  /** Why the hub will not take it, or why it grants less than was meant: sentences. */
  readonly faults: readonly string[];
}

/** What a text that is no token is instead. */
export interface NoToken {
  readonly fault: string;
}

/** As the hub has it unless configured (contract section 3). */
const MOST_LIFETIME_SEC = 31 * 86_400;
const SKEW_SEC = 5;
const ALGORITHMS = ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'];

/** Reads a token. Nothing of it is verified: only the hub has the key. */
export function inspectToken(text: string, nowMs: number): TokenReport | NoToken {
  const token = text.trim();
  if (token.startsWith('tdt_')) {
    return {
      fault:
        'This is a ticket: it opens one stream as access_token, once and within 30 seconds, and says nothing by itself.',
    };
  }
  const parts = token.split('.');
  if (parts.length === 5) return { fault: 'This token is encrypted. The hub takes signed ones.' };
  if (parts.length !== 3) return { fault: 'This is no JWT: it has three parts with dots between them.' };
  const header = decodePart(parts, 0);
  const claims = decodePart(parts, 1);
  if (header === undefined) return { fault: 'This is no JWT: its first part is no JSON object in Base64url.' };
  if (claims === undefined) return { fault: 'This is no JWT: its second part is no JSON object in Base64url.' };
  const faults = [...findHeaderFaults(header, parts[2] as string), ...findClaimFaults(claims, nowMs / 1000)];
  return { header, claims, faults };
}

function findHeaderFaults({ alg, crit }: Readonly<Record<string, unknown>>, signature: string): string[] {
  const faults: string[] = [];
  if (alg === 'none') faults.push('Its algorithm is none: anybody could have written it.');
  else if (typeof alg !== 'string') faults.push('Its header names no algorithm (alg).');
  else if (!ALGORITHMS.includes(alg)) faults.push(`The hub takes no ${alg}, only ${ALGORITHMS.join(', ')}.`);
  if (signature === '') faults.push('It has no signature.');
  if (crit !== undefined) faults.push('Its header wants an extension (crit), and the hub has none.');
  return faults;
}

function findClaimFaults(claims: Readonly<Record<string, unknown>>, nowSec: number): string[] {
  const { exp, iat, nbf, sub, tidings } = claims;
  const faults: string[] = [];
  const bornSec = typeof iat === 'number' ? iat : nowSec;
  if (typeof exp !== 'number') faults.push('It has no end (exp). The hub takes no token without one.');
  else {
    if (exp + SKEW_SEC <= nowSec) faults.push('It has ended (exp).');
    if (exp - bornSec > MOST_LIFETIME_SEC) {
      faults.push('It lives longer than 31 days, which is the most unless the hub is configured otherwise.');
    }
  }
  if (typeof iat === 'number' && iat > nowSec + SKEW_SEC) faults.push('It was issued in the future (iat).');
  if (typeof nbf === 'number' && nbf > nowSec + SKEW_SEC) faults.push('It is not valid yet (nbf).');
  if (sub !== undefined && (typeof sub !== 'string' || sub === '')) faults.push('Its subject (sub) is no name.');
  if (tidings === undefined) {
    faults.push('It has no member tidings, so that it grants nothing but the topics of its user.');
  }
  return faults;
}
