import type { HubError } from '../hub-error.ts';

// 500 too: a proxy says it for what it can't reach, and the ids make a repetition harmless.
const PASSING: ReadonlySet<number | undefined> = new Set([408, 425, 429, 500, 502, 503, 504]);
const FIRST_WAIT_MS = 100;
const MOST_WAIT_MS = 3_000;

/** Whether the same request may succeed later. */
export function isPassing({ code, status }: HubError): boolean {
  return code === 'network' || code === 'timeout' || PASSING.has(status);
}

/**
 * How long to wait after a failed try, the first being 0: what the server asked for, and any part of a span that doubles
 * from 100 ms to 3 s, so that those who failed together do not come back together.
 * @param random from 0 to below 1.
 */
export function toWaitMs(tries: number, retryAfterMs: number, random: number): number {
  return retryAfterMs + random * Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
}
