import type { TokenClaims } from '../token-claims.ts';

/** Who looks at the console. */
export interface Access {
  readonly token: string;
  readonly claims: TokenClaims;
}

/** What is wrong with a token that was pasted, as a sentence for the person who did. */
export type AccessResult = { readonly access: Access } | { readonly fault: string };

// Of this tab alone, and gone with it. A script of another origin can't read it, and the page runs no other script.
const STORED = 'tidings-console-token';

/** Takes a token out of the page's address, where a link from the hub's start puts it, or from this tab's storage. */
export function readAccess(nowMs: number = Date.now()): AccessResult | undefined {
  const linked = new URLSearchParams(location.hash.slice(1)).get('token');
  // Neither in the history nor in what is copied from the address bar.
  if (linked !== null) history.replaceState(null, '', `${location.pathname}${location.search}`);
  const token = linked ?? sessionStorage.getItem(STORED);
  return token === null ? undefined : keepAccess(token, nowMs);
}

/** Remembers a token for this tab if it is one that the console can use. */
export function keepAccess(text: string, nowMs: number = Date.now()): AccessResult {
  const result = toAccess(text.trim(), nowMs);
  if ('access' in result) sessionStorage.setItem(STORED, result.access.token);
  // The page may be open with another one, which still holds.
  else if (sessionStorage.getItem(STORED) === text) forgetAccess();
  return result;
}

export function forgetAccess(): void {
  sessionStorage.removeItem(STORED);
}

function toAccess(token: string, nowMs: number): AccessResult {
  const claims = decodeClaims(token);
  if (claims === undefined) return { fault: 'This is no token: a JWT has three parts with dots between them.' };
  if (claims.exp !== undefined && claims.exp * 1000 <= nowMs) {
    return { fault: `This token ended at ${new Date(claims.exp * 1000).toLocaleString('en-GB')}. Mint a new one.` };
  }
  if (claims.tidings?.admin !== true) {
    return { fault: 'This token is no admin’s. The console needs one with "tidings": { "admin": true }.' };
  }
  return { access: { token, claims } };
}

/** The claims of a JWT (RFC 7519 section 3), unverified; `undefined` for what is none. */
function decodeClaims(token: string): TokenClaims | undefined {
  const claims = decodePart(token.split('.'), 1);
  return claims as TokenClaims | undefined;
}

/** The header or the claims of a JWT as they stand; `undefined` for what is none. */
export function decodePart(parts: readonly string[], place: 0 | 1): Readonly<Record<string, unknown>> | undefined {
  if (parts.length !== 3) return undefined;
  try {
    const base64 = (parts[place] as string).replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
