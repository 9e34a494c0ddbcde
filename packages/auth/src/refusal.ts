/**
 * Why a token was refused: the one vocabulary of log and metric. The client is never told: all of them are the same 401.
 *
 * `unknown-key` means that no configured key fits the token's `kid`; `unsupported-algorithm`, that no configured key is
 * of the kind that its `alg` asks for (`none` included); `unsupported-extension`, that it has a `crit` header;
 * `wrong-issuer`, that its `iss` is not the one that was asked for, or nobody's whose keys are known; `wrong-tenant`, that
 * its issuer may not speak for that one.
 */
export const REFUSALS = [
  'too-large',
  'malformed',
  'encrypted',
  'unsupported-extension',
  'unsupported-algorithm',
  'unknown-key',
  'bad-signature',
  'wrong-issuer',
  'wrong-audience',
  'wrong-tenant',
  'not-yet-valid',
  'issued-in-future',
  'no-expiry',
  'invalid-claims',
  'lives-too-long',
  'expired',
] as const;

export type Refusal = (typeof REFUSALS)[number];

/**
 * Why a request was refused: its token, or what the token itself does not say. `used-ticket` is also one that was never
 * given, or has ended.
 */
export type AccessRefusal = 'missing' | Refusal | 'revoked' | 'used-ticket' | 'foreign-origin';

/** All of them, as the docs list them. */
export const ACCESS_REFUSALS: readonly AccessRefusal[] = [
  'missing',
  ...REFUSALS,
  'revoked',
  'used-ticket',
  'foreign-origin',
];
