import { type Clock, VERSION } from '@tidings/runtime';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { assertPublicHost, createGuardedLookup } from './address-guard.ts';
import { parseRetryAfter } from './retry-schedule.ts';

/** How a request ended: by the status of its answer, or without one. */
export interface Outcome {
  /** `failed`: nobody answered; `refused`: the address is not public, and nobody was asked. */
  readonly result: 'delivered' | 'rejected' | 'gone' | 'failed' | 'refused';
  /** 0 without an answer. */
  readonly status: number;
  /** What went wrong, without anything of the URL. */
  readonly reason: string;
  readonly retryAfterMs: number;
}

/** Sends to one endpoint. */
export interface Sender {
  send(id: string, payload: string): Promise<Outcome>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly url: string;
  /** Of the form `whsec_` and base64; each signs. */
  readonly secrets: readonly string[];
  readonly allowPrivate: boolean;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
const MOST_ANSWER_BYTES = 16_384;

/**
 * Signs as Standard Webhooks 1.0.0 says, and posts. No redirect is followed, for whoever answers with one would choose where
 * the request goes, and of the answer no more than 16 KiB is read.
 * @throws TypeError for a secret that is none.
 */
export function createSender({ url, secrets, allowPrivate, clock, timeoutMs = TIMEOUT_MS }: SenderOptions): Sender {
  const signers = secrets.map((secret) => new Webhook(secret));
  const connect = allowPrivate ? { timeout: timeoutMs } : { timeout: timeoutMs, lookup: createGuardedLookup() };
  const agent = new Agent({
    connect,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MOST_ANSWER_BYTES,
  });

  return {
    async send(id, payload) {
      const nowMs = clock.now();
      try {
        if (!allowPrivate) assertPublicHost(new URL(url));
        const {
          statusCode: status,
          headers,
          body,
        } = await request(url, {
          method: 'POST',
          dispatcher: agent,
          headers: {
            'content-type': 'application/json',
            'user-agent': `Tidings/${VERSION}`,
            'webhook-id': id,
            'webhook-timestamp': `${Math.floor(nowMs / 1_000)}`,
            'webhook-signature': signers.map((signer) => signer.sign(id, new Date(nowMs), payload)).join(' '),
          },
          body: payload,
          signal: AbortSignal.timeout(timeoutMs),
        });
        // The status says it all; what stands in the answer is let go.
        await body.dump({ limit: MOST_ANSWER_BYTES }).catch(() => {});
        const retryAfterMs = parseRetryAfter(headers['retry-after']?.toString(), nowMs);
        return { result: resultOf(status), status, reason: `the answer was ${status}`, retryAfterMs };
      } catch (error) {
        const { name, code, cause } = error as { name: string; code?: unknown; cause?: { name?: string } };
        const isRefused = name === 'RefusedAddressError' || cause?.name === 'RefusedAddressError';
        const reason = isRefused
          ? 'the address is not public'
          : `no answer (${typeof code === 'string' ? code : name})`;
        return { result: isRefused ? 'refused' : 'failed', status: 0, reason, retryAfterMs: 0 };
      }
    },
    close: () => agent.destroy(),
  };
}

function resultOf(status: number): Outcome['result'] {
  if (status >= 200 && status < 300) return 'delivered';
  return status === 410 ? 'gone' : 'rejected';
}
