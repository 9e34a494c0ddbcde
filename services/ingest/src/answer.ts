import { toChallenge } from '@tidings/auth';
import { type ErrorDetails, type Problem, toProblem } from '@tidings/protocol';
import { answerJson, type ServiceContext, toProblemResponse } from '@tidings/runtime';
import type { PublishResult } from './publish.ts';

// For a failure that does not know itself when trying again is worth it.
const RETRY_AFTER_SEC = 1;

/** The answer for one event on one topic: 202 with its cursor, or its problem. */
export function answerSingle(context: ServiceContext, result: PublishResult): Response {
  const { status, problem, topic, id, duplicate, schedule } = result;
  if (problem !== undefined) return toProblemResponse(problem, detailsOf(status, [result]));
  return answerJson(context, status, { topic, id, duplicate, schedule });
}

/**
 * The answer for several: 202 when all were accepted, 207 when some were, and a problem document with the results when
 * none was: with the status that all share, else 422 (contract section 5).
 */
export function answerBatch(context: ServiceContext, published: readonly PublishResult[]): Response {
  const failed = published.filter((result) => result.problem !== undefined);
  if (failed.length === 0) return answerJson(context, 202, { results: published });
  // When to try again is the answer's to say, in a header, not each result's.
  const results = published.map(({ retryAfterSec: _retryAfterSec, ...result }) => result);
  if (failed.length < results.length) return answerJson(context, 207, { results });
  const first = failed[0]?.problem as Problem;
  const codes = new Set(failed.map((result) => result.problem?.code));
  const statuses = new Set(failed.map((result) => result.status));
  const hosts = new Set(failed.map((result) => result.problem?.host));
  const host = hosts.size === 1 && first.host !== undefined ? { host: first.host } : {};
  const problem = codes.size === 1 ? toProblem(first.code, undefined, host) : toProblem('all-failed');
  const status = statuses.size === 1 ? first.status : problem.status;
  return toProblemResponse({ ...problem, status }, detailsOf(status, failed), { results });
}

function detailsOf(status: number, failed: readonly PublishResult[]): ErrorDetails {
  if (status === 503 || status === 429) {
    return { retryAfterSec: Math.max(...failed.map(({ retryAfterSec = RETRY_AFTER_SEC }) => retryAfterSec)) };
  }
  return status === 403 ? { challenge: toChallenge('insufficient') } : {};
}
