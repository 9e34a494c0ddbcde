import { randomUUID } from 'node:crypto';
import { type ErrorDetails, type Problem, problemOf, TidingsError, toProblem } from '@tidings/protocol';
import type { Logger } from './logger.ts';

/** The headers that belong to a problem. */
export function problemHeaders(details: ErrorDetails = {}): Record<string, string> {
  return {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(details.retryAfterSec !== undefined && { 'Retry-After': `${details.retryAfterSec}` }),
    ...(details.challenge !== undefined && { 'WWW-Authenticate': details.challenge }),
    ...(details.allow !== undefined && { Allow: details.allow }),
    ...details.limitHeaders,
  };
}

/** A problem document as an answer; `extra` members stand beside those of RFC 9457. */
export function toProblemResponse(problem: Problem, details: ErrorDetails = {}, extra: object = {}): Response {
  return new Response(JSON.stringify({ ...problem, ...extra }), {
    status: problem.status,
    headers: problemHeaders(details),
  });
}

/**
 * Any error as a problem: an expected one by its code; any other as `internal` with an id that stands in the log beside
 * the error, whose own words the client never sees.
 * @param traceId asked for where a line is written.
 */
export function problemOfAny(error: unknown, log: Logger, traceId?: () => string): Problem {
  if (error instanceof TidingsError) return problemOf(error);
  const id = randomUUID();
  log.error({ err: error, errorId: id, traceId: traceId?.() }, 'unexpected error');
  return toProblem('internal', `If it happens again, report the id ${id}.`);
}

/** Any error as an answer, as `problemOfAny` puts it. */
export function errorResponse(error: unknown, log: Logger, traceId?: () => string): Response {
  return toProblemResponse(problemOfAny(error, log, traceId), error instanceof TidingsError ? error.details : {});
}
