import { createHmac, randomBytes } from 'node:crypto';
import { createSecretSource, createVerifier, type Grant, type Refusal } from '@tidings/auth';
import type { Clock } from '@tidings/runtime';
import { CommandError, EXIT } from '../command-error.ts';

/** What a token is judged by, as the services would. */
export interface Judges {
  /** HS256; with none its signature is not looked at. */
  readonly secrets: readonly string[];
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** 31 days when left out. */
  readonly maxTokenAgeSec: number | undefined;
  readonly clock: Clock;
}

/** What a token says, and what services would say of it. */
export interface Inspection {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** `unchecked`: there is no secret, or none of the kind that it is signed with. */
  readonly signature: 'valid' | 'invalid' | 'unchecked';
  /** What it grants; `undefined` when its claims are refused for more than its time. */
  readonly grant: Grant | undefined;
  /** Why services would refuse it; empty for a good one. */
  readonly refusals: readonly Refusal[];
}

// Those that some key of a service can verify (docs/reference/tokens.md).
const ALGORITHMS = ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'];
const OF_THE_HEADER: readonly Refusal[] = ['too-large', 'encrypted', 'unsupported-extension', 'malformed'];
const OF_NO_KEY: readonly Refusal[] = [...OF_THE_HEADER, 'unsupported-algorithm', 'unknown-key', 'wrong-issuer'];

/**
 * Reads a token, and asks the verifier of the services about it.
 * @throws CommandError for what is no token. No message holds any of it.
 */
export async function inspectToken(token: string, judges: Judges): Promise<Inspection> {
  const [head = '', body = '', ...rest] = token.split('.');
  if (token.startsWith('tdt_')) throw notReadable('a ticket: what it grants is known to the hub alone');
  if (rest.length === 3) throw notReadable('encrypted (JWE), which services refuse');
  const header = decode(head);
  const claims = decode(body);
  if (rest.length !== 1 || !header || !claims) throw notReadable('no JWT: three parts with dots between them');

  const signature = await checkSignature(token, judges);
  const scratch = randomBytes(32).toString('hex');
  const ours = verifierOf([scratch], judges);
  const ofHeader = await ours.verify(token);
  const judged = await ours.verify(sign(body, scratch));
  const refusals = new Set<Refusal>();
  if (!ofHeader.ok && OF_THE_HEADER.includes(ofHeader.reason)) refusals.add(ofHeader.reason);
  if (!ALGORITHMS.includes(`${header.alg}`)) refusals.add('unsupported-algorithm');
  if (signature === 'invalid') refusals.add('bad-signature');
  if (!judged.ok) refusals.add(judged.reason);
  const grant = judged.ok ? judged.grant : judged.expired;
  return { header, claims, signature, grant, refusals: [...refusals] };
}

async function checkSignature(token: string, judges: Judges): Promise<Inspection['signature']> {
  if (judges.secrets.length === 0) return 'unchecked';
  // Without what only its claims could fail by.
  const result = await verifierOf(judges.secrets, { ...judges, issuer: undefined, audience: undefined }).verify(token);
  if (result.ok) return 'valid';
  if (result.reason === 'bad-signature') return 'invalid';
  // The signature is looked at before the claims.
  return OF_NO_KEY.includes(result.reason) ? 'unchecked' : 'valid';
}

function verifierOf(secrets: readonly string[], { issuer, audience, maxTokenAgeSec, clock }: Judges) {
  return createVerifier({ keys: [createSecretSource(secrets)], issuer, audience, maxTokenAgeSec, clock });
}

// The claims under a signature of our own: what the verifier then says is about the claims.
function sign(body: string, secret: string): string {
  const text = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.${body}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const notReadable = (what: string): CommandError => new CommandError(`This is ${what}.`, EXIT.data);
