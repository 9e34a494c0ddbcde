import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RequestHead } from '@tidings/runtime';
import { Webhook } from 'standardwebhooks';

/** Who sends: each signs in a way of its own. */
export type Provider = 'standard' | 'github' | 'stripe';

/** What is to be verified. */
interface Signed {
  readonly headers: RequestHead['headers'];
  /** As it came. */
  readonly body: Buffer;
  readonly nowMs: number;
}

/** Why a signature does not count; for the log, and never for who sent it. */
type SignatureFault = 'missing' | 'malformed' | 'stale' | 'wrong';

/** Looks at the signature of a request: `undefined` when one of the secrets made it. */
export type VerifySignature = (signed: Signed) => SignatureFault | undefined;

const TOLERANCE_SEC = 300;

/**
 * Verifies as a provider signs: Standard Webhooks 1.0; `X-Hub-Signature-256` of GitHub; `Stripe-Signature`, scheme v1.
 * What carries its time counts within five minutes of it. Digests are compared in constant time.
 * @param secrets one or more, any of which counts.
 * @throws TypeError for a secret that is not one of the provider's, without quoting it.
 */
export function createSignature(provider: Provider, secrets: readonly string[]): VerifySignature {
  return CREATE[provider](secrets);
}

const CREATE: Readonly<Record<Provider, (secrets: readonly string[]) => VerifySignature>> = {
  standard(secrets) {
    const webhooks = secrets.map(toWebhook);
    return ({ headers, body, nowMs }) => {
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
      if (!names.every((name) => typeof headers[name] === 'string')) return 'missing';
      const late = timeFault(headers['webhook-timestamp'] as string, nowMs);
      if (late !== undefined) return late;
      return webhooks.some((webhook) => isSigned(webhook, body, headers)) ? undefined : 'wrong';
    };
  },

  github: (secrets) => (signed) => {
    const header = signed.headers['x-hub-signature-256'];
    if (typeof header !== 'string') return 'missing';
    const digest = /^sha256=([0-9a-f]{64})$/.exec(header)?.[1];
    if (digest === undefined) return 'malformed';
    const given = [Buffer.from(digest, 'hex')];
    return secrets.some((secret) => isAmong(given, digestOf(secret, signed.body))) ? undefined : 'wrong';
  },

  stripe: (secrets) => (signed) => {
    const header = signed.headers['stripe-signature'];
    if (typeof header !== 'string') return 'missing';
    const parts = header.split(',').map((part) => part.trim());
    const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
    // Several while the provider rotates its secrets; other schemes are not looked at.
    const given = parts.flatMap((part) => /^v1=([0-9a-f]{64})$/.exec(part)?.[1] ?? []);
    if (given.length === 0) return 'malformed';
    const late = timeFault(time, signed.nowMs);
    if (late !== undefined) return late;
    const digests = given.map((digest) => Buffer.from(digest, 'hex'));
    const isMade = (secret: string): boolean => isAmong(digests, digestOf(secret, `${time}.`, signed.body));
    return secrets.some(isMade) ? undefined : 'wrong';
  },
};

function timeFault(seconds: string, nowMs: number): SignatureFault | undefined {
  if (!/^\d{1,12}$/.test(seconds)) return 'malformed';
  return Math.abs(nowMs / 1000 - Number(seconds)) > TOLERANCE_SEC ? 'stale' : undefined;
}

function digestOf(secret: string, ...pieces: readonly (string | Buffer)[]): Buffer {
  const hmac = createHmac('sha256', secret);
  for (const piece of pieces) hmac.update(piece);
  return hmac.digest();
}

const isAmong = (given: readonly Buffer[], digest: Buffer): boolean =>
  given.some((each) => timingSafeEqual(each, digest));

function toWebhook(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    // Without the cause: what it says may quote the secret.
    throw new TypeError('is no secret of Standard Webhooks: Base64, with whsec_ before it or without');
  }
}

function isSigned(webhook: Webhook, body: Buffer, headers: Signed['headers']): boolean {
  try {
    webhook.verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
