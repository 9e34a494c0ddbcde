import type { TidingsError } from './error.ts';

/**
 * Every expected failure: its stable code, HTTP status and title. The codes stand on the wire, in logs and in
 * docs/reference/errors.md, and a test holds the three together.
 */
export const PROBLEMS = {
  'malformed-body': { status: 400, title: 'The body can not be read' },
  'malformed-request': { status: 400, title: 'The request can not be read' },
  'malformed-url': { status: 400, title: 'The URL can not be read' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  'invalid-signature': { status: 401, title: 'The signature of the webhook is not valid' },
  forbidden: { status: 403, title: 'The token does not grant this' },
  'forbidden-origin': { status: 403, title: 'This origin may not use the cookie' },
  'not-found': { status: 404, title: 'There is nothing at this path' },
  'method-not-allowed': { status: 405, title: 'The path does not take this method' },
  'not-acceptable': { status: 406, title: 'The answer is an event stream' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'cursor-gone': { status: 410, title: 'The history at this cursor is gone' },
  'batch-too-large': { status: 413, title: 'Too many events in one request' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'event-too-large': { status: 413, title: 'The event is too large' },
  'unsupported-media-type': { status: 415, title: 'The media type is not supported' },
  'wrong-cell': { status: 421, title: 'Another cell serves this tenant or user' },
  'empty-batch': { status: 422, title: 'There is no event in the body' },
  'invalid-cursor': { status: 422, title: 'The cursor is not one of ours' },
  'invalid-event-name': { status: 422, title: 'The event name is not allowed' },
  'invalid-field': { status: 422, title: 'A field has a wrong value' },
  'invalid-topic': { status: 422, title: 'The topic is not allowed' },
  'invalid-user': { status: 422, title: 'The user id is not allowed' },
  'unknown-field': { status: 422, title: 'There is no such field' },
  'too-many-read': { status: 422, title: 'Too many single events are read' },
  'all-failed': { status: 422, title: 'None of the events was accepted' },
  'quota-exceeded': { status: 429, title: 'The quota of this tenant is used up' },
  'rate-limited': { status: 429, title: 'There are too many requests' },
  'too-many-schedules': { status: 429, title: 'Too many scheduled events wait already' },
  'too-many-streams': { status: 429, title: 'There are too many streams open' },
  'headers-too-large': { status: 431, title: 'The request line or headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'at-capacity': { status: 503, title: 'This node has no room for another stream' },
  draining: { status: 503, title: 'This node is shutting down' },
  unavailable: { status: 503, title: 'Something that is needed can not be reached' },
  'http-version': { status: 505, title: 'The HTTP version is not supported' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** An `application/problem+json` document (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly pointer?: string;
  readonly parameter?: string;
  readonly position?: number;
  readonly topic?: string;
  /** URL of the server to ask in place of this one. */
  readonly host?: string;
}

/** The problem document of a code. */
export function toProblem(
  code: ProblemCode,
  detail?: string,
  extra: Pick<Problem, 'pointer' | 'parameter' | 'position' | 'topic' | 'host'> = {},
): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:tidings:problem:${code}`, title, status, code, ...(detail && { detail }), ...extra };
}

/** The problem document of an expected failure: its message is the `detail`. */
export function problemOf(error: TidingsError): Problem {
  const { pointer, parameter, position, topic, host } = error.details;
  return toProblem(error.code, error.message, {
    ...(pointer !== undefined && { pointer }),
    ...(parameter !== undefined && { parameter }),
    ...(position !== undefined && { position }),
    ...(topic !== undefined && { topic }),
    ...(host !== undefined && { host }),
  });
}
