import type { Problem } from '@tidings/protocol/client';
import { HubError } from '../hub-error.ts';
import type { ScheduledEvent } from './publisher.ts';

/** What the server says became of one event on one topic; `index` is its line's place in the request. */
export type LineAnswer =
  | {
      readonly index: number;
      readonly topic: string;
      readonly id: string | undefined;
      readonly duplicate: boolean;
      readonly schedule?: ScheduledEvent;
      readonly error?: undefined;
    }
  | { readonly index: number; readonly topic: string | undefined; readonly error: HubError };

/** A request's answer: one entry or more for each line; or why there is none. */
export type Answer =
  | { readonly lines: readonly LineAnswer[]; readonly error?: undefined; readonly retryAfterMs: number }
  | { readonly lines?: undefined; readonly error: HubError; readonly retryAfterMs: number };

/**
 * Reads the answer to a request of `count` lines. Everything in it may come from something in between, so nothing is
 * believed that does not have the shape of contract section 5: such an answer is an error `answer`.
 * @param nowMs for a `Retry-After` that is a date.
 * @throws what reading the body throws, when the connection breaks.
 */
export async function readAnswer(response: Response, count: number, nowMs: number): Promise<Answer> {
  const { status, headers } = response;
  const retryAfterMs = toRetryAfterMs(headers.get('retry-after'), nowMs);
  const type = headers.get('content-type') ?? 'no content type';
  if (!/^application\/(problem\+)?json\b/.test(type)) {
    await response.body?.cancel();
    return { error: toForeign(status, type), retryAfterMs };
  }
  const body = parse(await response.text());
  const lines = toLineAnswers(body?.results, count);
  if (lines !== undefined) return { lines, retryAfterMs };
  return { error: isProblem(body) ? toHubError(body, status) : toForeign(status, type), retryAfterMs };
}

const toForeign = (status: number, type: string): HubError =>
  new HubError('answer', `HTTP ${status} with ${type} is no answer of a Tidings server: is the URL right?`, { status });

function toHubError(problem: Problem, status: number): HubError {
  return new HubError(problem.code, problem.detail ?? problem.title, { status, problem });
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isPlace = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

// Others answer with problem documents too: ours say which one twice.
function isProblem(value: unknown): value is Problem & Record<string, unknown> {
  return isObject(value) && typeof value.code === 'string' && value.type === `urn:tidings:problem:${value.code}`;
}

/** `undefined` when they are not what a server of ours answers to that many lines: at least one for each. */
function toLineAnswers(results: unknown, count: number): LineAnswer[] | undefined {
  if (!Array.isArray(results)) return undefined;
  const lines = results.flatMap((result: unknown) => toLineAnswer(result) ?? []);
  const places = new Set(lines.map(({ index }) => index));
  const isWhole = lines.length === results.length && places.size === count;
  return isWhole && [...places].every((place) => place < count) ? lines : undefined;
}

function toLineAnswer(result: unknown): LineAnswer | undefined {
  if (!isObject(result)) return undefined;
  const { index, topic, id, duplicate, schedule, status, problem } = result;
  if (!isPlace(index) || !isText(topic) || !isText(id)) return undefined;
  if (isProblem(problem)) return { index, topic, error: toHubError(problem, problem.status) };
  if (status !== 202 || topic === undefined) return undefined;
  return { index, topic, id, duplicate: duplicate === true, ...(isScheduled(schedule) && { schedule }) };
}

const isScheduled = (value: unknown): value is ScheduledEvent =>
  isObject(value) && typeof value.id === 'string' && typeof value.at === 'string';

/** RFC 9110 section 10.2.3: seconds, or a date. 0 for none. */
function toRetryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}
