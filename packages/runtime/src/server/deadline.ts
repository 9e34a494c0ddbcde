/** Headers and a whole request must have arrived within this time. */
export const ARRIVAL_TIMEOUT_MS = 60_000;

/**
 * How long a connection without a request is kept. Longer than what balancers in front keep idle connections (commonly
 * 60 s), so that they close first and never send a request into a connection that we are closing.
 */
export const KEEP_ALIVE_MS = 75_000;
