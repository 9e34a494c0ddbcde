import { dirname } from 'node:path';
import {
  applyRule,
  encodeDeliveredData,
  type HookEntry,
  isIgnored,
  maxBodyBytesOf,
  toHook,
  toRule,
} from '@tidings/auth/hook';
import type { DeliveredData } from '@tidings/protocol';
import { ConfigurationError, decodeText, parseJson } from '@tidings/runtime';

/** A delivery, as it would come to `POST /v1/hooks/{name}`. */
export interface Sample {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What an ingest would do with a delivery. */
export type Verdict =
  | {
      readonly tenant: string;
      readonly topic: string;
      readonly event?: string | undefined;
      /** Of the delivery: together with the hook's name it is the idempotency key. */
      readonly id: string;
      /** As it is delivered. */
      readonly data: DeliveredData;
    }
  | { readonly ignored: string }
  | { readonly refused: number; readonly detail: string };

/** Where the providers put what they sign. */
const SIGNATURE: Readonly<Record<HookEntry['provider'], string>> = {
  standard: 'webhook-signature',
  github: 'x-hub-signature-256',
  stripe: 'stripe-signature',
};

const WHY = {
  missing: 'a header of the signature is missing',
  malformed: 'its header is none of this provider',
  stale: 'it was signed more than five minutes from now',
  wrong: 'none of the secrets made it for this body, to the letter',
} as const;

/** The header that carries the signature of a hook. */
export const signatureHeaderOf = ({ provider }: HookEntry): string => SIGNATURE[provider];

/**
 * Does with a delivery what an ingest does, but publishing it. A signature is looked at where there is one, and only then
 * are the secrets needed.
 * @throws ConfigurationError for a secret that is not there, or is none.
 */
export function tryHook(
  entry: HookEntry,
  path: string,
  sample: Sample,
  env: NodeJS.ProcessEnv,
  nowMs: number,
): Verdict {
  const { headers, body } = sample;
  const mostBytes = maxBodyBytesOf(entry);
  if (body.length > mostBytes) return { refused: 413, detail: `the body has more than ${mostBytes} bytes` };
  if (Object.hasOwn(headers, signatureHeaderOf(entry))) {
    const fault = openEntry(entry, path, env).verify({ headers, body, nowMs });
    if (fault !== undefined) return { refused: 401, detail: `the signature is ${fault}: ${WHY[fault]}` };
  }
  let text: string;
  let read: unknown;
  try {
    text = decodeText(body);
    read = parseJson(text);
  } catch (error) {
    return { refused: 400, detail: (error as Error).message };
  }
  const mapped = applyRule(toRule(entry), { body: read, headers });
  if (isIgnored(mapped)) return mapped;
  // The whole body goes on to the letter.
  const data = entry.data.length === 0 ? { text, json: true } : encodeDeliveredData(mapped.data);
  return isIgnored(data) ? data : { tenant: entry.tenant, ...mapped, data };
}

function openEntry(entry: HookEntry, path: string, env: NodeJS.ProcessEnv): ReturnType<typeof toHook> {
  try {
    return toHook(entry, dirname(path), env);
  } catch (error) {
    throw new ConfigurationError([`${path}: "${entry.name}": secret ${(error as Error).message}.`]);
  }
}
