import type { IncomingMessage } from 'node:http';
import { encodeBye, type Goodbye } from '@tidings/protocol';
import { jitter } from './session.ts';

/** Headers of every event stream (contract section 4). */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/** Whether the request's `Accept` admits an event stream; `named` when it asks for one by name. */
export function acceptsStream(accept: string | undefined): 'named' | 'any' | 'no' {
  if (accept === undefined || accept.trim() === '') return 'any';
  const ranges = accept.split(',').map((range) => range.trim().toLowerCase());
  const admitted = ranges
    .filter((range) => !/;\s*q=0(\.0*)?\s*(;|$)/.test(range))
    .map((range) => range.split(';')[0]?.trim());
  if (admitted.includes('text/event-stream')) return 'named';
  return admitted.some((range) => range === '*/*' || range === 'text/*') ? 'any' : 'no';
}

/**
 * Whether the request is taken for a browser's own EventSource, which gives up for good on any status but 200: it asks
 * for an event stream by name and declares no client.
 */
export function isNative(incoming: IncomingMessage, client: string | undefined): boolean {
  return client === undefined && acceptsStream(incoming.headers.accept) === 'named';
}

/** A 200 that holds nothing but the reason and a delay, for what will pass. */
export function softAnswer(reason: Goodbye): Response {
  const { block } = encodeBye(reason, jitter(5_000, 30_000));
  return new Response(new Uint8Array(block), { status: 200, headers: STREAM_HEADERS });
}
