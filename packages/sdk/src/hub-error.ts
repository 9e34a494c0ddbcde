import type { Problem, ProblemCode } from '@tidings/protocol/client';

/**
 * Failures that no server told: `network` (it was not reached, or the connection broke), `timeout`, `closed` (the client was
 * closed), `overflow` (a loop over events fell too far behind), `token` (the page's own token callback failed), `answer`
 * (an answer that no Tidings server gives: something in between spoke).
 */
export type ClientCode = 'network' | 'timeout' | 'closed' | 'overflow' | 'token' | 'answer';

/** The codes of a `HubError`. */
export type HubErrorCode = ProblemCode | ClientCode;

/** What else is known of a failure. */
export interface HubErrorDetails {
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** The problem document of the answer (RFC 9457), where it had one. */
  readonly problem?: Problem | undefined;
  /** When trying again is worth it, in milliseconds, where the answer said so (`Retry-After`). */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * An expected failure of a client, with a stable `code`: one of docs/reference/errors.md when the server told it, else a
 * `ClientCode`. Its message holds no token and no payload.
 */
export class HubError extends Error {
  declare readonly status: number | undefined;
  declare readonly problem: Problem | undefined;
  declare readonly retryAfterMs: number | undefined;
  readonly code: HubErrorCode;

  constructor(code: HubErrorCode, message: string, { cause, ...details }: HubErrorDetails = {}) {
    super(message, { cause });
    this.name = 'HubError';
    this.code = code;
    Object.assign(this, details);
  }
}
