import type { IncomingMessage } from 'node:http';
import { encodeBye, type Goodbye, type ProblemCode } from '@tidings/protocol';
import { jitter } from './jitter.ts';

/** Headers of every event stream (contract section 4). */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/**
 * Whether the request's `Accept` admits an event stream; `named` when it asks for one by name. The most specific range
 * decides (RFC 9110 section 12.5.1), and a weight of 0 says no.
 */
export function acceptsStream(accept: string | undefined): 'named' | 'any' | 'no' {
  if (accept === undefined || accept.trim() === '') return 'any';
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()));
  for (const wanted of ['text/event-stream', 'text/*', '*/*']) {
    const range = ranges.find(([type]) => type === wanted);
    if (range === undefined) continue;
    if (range.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter))) return 'no';
    return wanted === 'text/event-stream' ? 'named' : 'any';
  }
  return 'no';
}

/**
 * Whether the request is taken for a browser's own EventSource, which gives up for good on any status but 200: it asks
 * for an event stream by GET and by name, and declares no client.
 */
export function isNative(incoming: IncomingMessage, client: string | undefined): boolean {
  const isGet = incoming.method === 'GET' || incoming.method === 'HEAD';
  return isGet && client === undefined && acceptsStream(incoming.headers.accept) === 'named';
}

/** After how long a native EventSource may come back when what was in its way should have passed (contract section 4). */
export function softRetryMs(): number {
  return jitter(5_000, 30_000);
}

/** The problem that others are answered with, where that is a refusal. */
const REFUSALS: Partial<Record<Goodbye, string>> = {
  'token-expired': 'unauthenticated' satisfies ProblemCode,
  'rate-limited': 'rate-limited',
};
const refusals = new WeakMap<Response, string>();

/**
 * A 200 that holds nothing but the reason and a delay, for what will pass.
 * @param refusal the problem that others are answered with, where that is a refusal.
 */
export function softAnswer(reason: Goodbye, refusal: string | undefined = REFUSALS[reason]): Response {
  const { block } = encodeBye(reason, softRetryMs());
  const response = new Response(new Uint8Array(block), { status: 200, headers: STREAM_HEADERS });
  if (refusal !== undefined) refusals.set(response, refusal);
  return response;
}

/** The problem code of a refusal that an answer only puts softly; `undefined` for any other answer. */
export function refusalBehind(response: Response): string | undefined {
  return refusals.get(response);
}
