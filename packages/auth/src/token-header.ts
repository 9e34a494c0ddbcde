import { decodeProtectedHeader } from 'jose';
import type { KeyHint } from './key-source.ts';
import type { Refusal } from './refusal.ts';

/** The longest token that is looked at, in bytes; URL and headers together have 16 KB. */
const MAX_TOKEN_BYTES = 8_192;

/**
 * Reads what is needed to choose a key, before any cryptography: a token that is too large, no signed JWT in compact
 * form, or under an extension (`crit`; we understand none, RFC 7515 section 4.1.11) is refused here. A `jwk`, `jku` or
 * `x5u` in the header is never looked at.
 */
export function readTokenHeader(token: string): KeyHint | Refusal {
  if (token.length > MAX_TOKEN_BYTES) return 'too-large';
  const parts = token.split('.').length;
  if (parts === 5) return 'encrypted';
  const header = parts === 3 ? decodeHeader(token) : undefined;
  if (header === undefined) return 'malformed';
  const { alg, kid, crit } = header;
  if (crit !== undefined) return 'unsupported-extension';
  if (typeof alg !== 'string' || !(kid === undefined || typeof kid === 'string')) return 'malformed';
  return kid === undefined ? { alg } : { alg, kid };
}

function decodeHeader(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return { ...decodeProtectedHeader(token) };
  } catch {
    return undefined;
  }
}
