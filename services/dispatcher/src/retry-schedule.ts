/** What is to become of a delivery that failed. */
export type Verdict = { readonly retryMs: number } | 'give-up';

const FIRST_MS = 5_000;
const LONGEST_MS = 900_000;
const DAY_MS = 86_400_000;
/** As many as a day holds. */
const MOST_ATTEMPTS = 110;
// What waited for a day behind others is still tried: an endpoint may be back, and a wall clock may have jumped.
const LEAST_ATTEMPTS = 3;

/**
 * When a failed delivery is tried again: after 5 s, then twice as long each time, up to 15 minutes, each a fifth longer or
 * shorter by chance, until it is a day old. An endpoint that was away is back in use within 15 minutes.
 * @param attempt deliveries so far, from 1.
 * @param retryAfterMs what the endpoint asked for, if it did: it counts where it is longer, up to an hour.
 * @param chance 0 to 1.
 */
export function nextAttempt(attempt: number, ageMs: number, retryAfterMs = 0, chance: number = Math.random()): Verdict {
  if (attempt >= MOST_ATTEMPTS || (ageMs >= DAY_MS && attempt >= LEAST_ATTEMPTS)) return 'give-up';
  const plannedMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20)) * (0.8 + 0.4 * chance);
  return { retryMs: Math.round(Math.max(plannedMs, Math.min(retryAfterMs, 3_600_000))) };
}

/** `Retry-After` (RFC 9110 section 10.2.3) in milliseconds from now on; 0 where it says nothing that can be read. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
