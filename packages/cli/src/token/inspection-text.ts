import { personalTopics, type Refusal } from '@tidings/auth';
import { describeDuration } from '../duration.ts';
import { toSafeLine } from '../terminal-text.ts';
import type { Inspection } from './inspection.ts';

const REFUSALS: Readonly<Record<Refusal, string>> = {
  'too-large': 'it has more than 8,192 bytes',
  malformed: 'it is no signed JWT',
  encrypted: 'it is encrypted',
  'unsupported-extension': 'it has a crit header',
  'unsupported-algorithm': 'services know no key for its alg: HS256, RS256, PS256, ES256 and EdDSA are possible',
  'unknown-key': 'no key has its kid',
  'bad-signature': 'none of the secrets has signed it',
  'wrong-issuer': 'its iss is not TIDINGS_JWT_ISSUER',
  'wrong-audience': 'its aud is not TIDINGS_JWT_AUDIENCE',
  'wrong-tenant': 'its issuer may not speak for its tenant',
  'not-yet-valid': 'its nbf lies ahead',
  'issued-in-future': 'its iat lies ahead: look at the clock of the machine that signs',
  'no-expiry': 'it has no exp',
  'invalid-claims': 'a claim has a wrong type, or a pattern is not allowed',
  'lives-too-long': 'its exp is further away than TIDINGS_MAX_TOKEN_AGE',
  expired: 'its exp is past',
};

const SIGNATURES: Readonly<Record<Inspection['signature'], string>> = {
  valid: 'valid: one of the secrets has signed it',
  invalid: 'invalid: none of the secrets has signed it',
  unchecked: 'not checked: no secret here is of its kind (TIDINGS_JWT_SECRET, --secret-file)',
};

const SHOWN = ['sub', 'tenant', 'tidings', 'jti', 'iat', 'exp'];

/** What an inspection found, as lines of a name and what is known. */
export function toLines({ header, claims, signature, grant, refusals }: Inspection, nowMs: number): string[] {
  const others = Object.fromEntries(Object.entries(claims).filter(([name]) => !SHOWN.includes(name)));
  const rights = grant && [
    ['tenant', grant.tenant],
    ['subscribe', list([...grant.subscribe, ...(personalTopics(grant) ?? [])])],
    ['publish', list(grant.publish)],
    ['admin', grant.admin ? 'yes' : 'no'],
  ];
  const rows = [
    ['algorithm', `${header.alg}`],
    ['user', text(claims.sub) ?? 'nobody'],
    ...(rights ?? [['tidings', text(claims.tidings) ?? 'missing']]),
    ['id', text(claims.jti) ?? 'none: it can not be revoked alone'],
    ['issued', moment(claims.iat, nowMs) ?? 'not said: it ends when any token of its user is revoked by time'],
    ['expires', moment(claims.exp, nowMs) ?? 'never'],
    ...(Object.keys(others).length > 0 ? [['others', JSON.stringify(others)]] : []),
    ['signature', SIGNATURES[signature]],
    ['services', refusals.length === 0 ? verdictOf(signature) : 'refuse it'],
    ...refusals.map((reason) => ['', `${reason}: ${REFUSALS[reason]}`]),
  ];
  return rows.map(([name = '', value = '']) => `${name.padEnd(11)}${toSafeLine(value)}`);
}

const verdictOf = (signature: Inspection['signature']): string =>
  signature === 'valid'
    ? 'take it, unless it was revoked'
    : 'take it, if a key of theirs has signed it and it was not revoked';

const list = (patterns: readonly string[]): string => patterns.join(', ') || 'nothing';

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

// NumericDate (RFC 7519 section 2).
function moment(value: unknown, nowMs: number): string | undefined {
  if (typeof value !== 'number' || Number.isNaN(new Date(value * 1_000).getTime())) return text(value);
  const awayMs = value * 1_000 - nowMs;
  const away = describeDuration(awayMs);
  return `${new Date(value * 1_000).toISOString()}, ${awayMs < 0 ? `${away} ago` : `in ${away}`}`;
}
