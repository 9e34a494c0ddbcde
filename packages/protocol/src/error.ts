import type { ProblemCode } from './problem.ts';

/** What an error can say beyond its code; everything here may be shown to the client that caused it. */
export interface ErrorDetails {
  /** RFC 6901 pointer to the offending member of a JSON body, such as `/data` or `/3/topic`. */
  readonly pointer?: string;
  /** Name of the offending query parameter or header. */
  readonly parameter?: string;
  /** Offset of the fault in the body, in characters, where the parser knows it. */
  readonly position?: number;
  /** The topic or pattern at fault, of those that were named. */
  readonly topic?: string;
  /** URL of the server that serves this tenant or user, where this one does not. */
  readonly host?: string;
  /** Seconds after which trying again is worth it; becomes `Retry-After`. */
  readonly retryAfterSec?: number;
  /** The `WWW-Authenticate` value of a 401 (RFC 6750 section 3). */
  readonly challenge?: string;
  /** The methods that the path takes; becomes `Allow`. */
  readonly allow?: string;
  /** Limits and what is left of each, as header fields. */
  readonly limitHeaders?: Readonly<Record<string, string>>;
}

/**
 * An expected failure with a stable `code`: the words of the wire, the logs and the metrics alike. `message` is written
 * for the client that caused it and never contains a payload or a token.
 */
export class TidingsError extends Error {
  readonly code: ProblemCode;
  readonly details: ErrorDetails;

  constructor(code: ProblemCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TidingsError';
    this.code = code;
    this.details = details;
  }
}
