import { setImmediate as nextTurn } from 'node:timers/promises';
import { MAX_BATCH_EVENTS, MAX_RESULTS, TidingsError } from '@tidings/protocol';
import { decodeText, type Logger, type Metrics, parseJson } from '@tidings/runtime';
import { type Publish, type PublishOrder, type PublishRequest, type PublishResult, toFailure } from './publish.ts';
import type { Admit } from './publish-limit.ts';
import { type EventRules, type ValidEvent, validateEvent } from './validate.ts';

// Events checked, or results published, in one turn of the event loop, so that a full body holds up nobody's stream.
const TURN_RESULTS = 250;

/** Reads one event of a batch; throws TidingsError for one that can't be read. */
export type ReadEvent = () => unknown;

/** @throws TidingsError `empty-batch`, `batch-too-large`. */
export function readArray(values: readonly unknown[]): ReadEvent[] {
  if (values.length === 0) throw new TidingsError('empty-batch', 'The array is empty.');
  if (values.length > MAX_BATCH_EVENTS) {
    throw new TidingsError('batch-too-large', `An array may have ${MAX_BATCH_EVENTS} events.`);
  }
  return values.map((value) => () => value);
}

/**
 * Splits NDJSON into its lines; blank ones do not count. Each line is parsed on its own, so a bad one fails alone.
 * @throws TidingsError `empty-batch`, `batch-too-large`; `malformed-body` when the text is not UTF-8.
 */
export function readLines(body: Buffer): ReadEvent[] {
  const lines = decodeText(body)
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new TidingsError('empty-batch', 'There is no line in the body.');
  if (lines.length > MAX_RESULTS) throw tooLarge();
  return lines.map((line) => () => parseJson(line));
}

/** What a batch is published with. */
export interface BatchContext {
  readonly request: PublishRequest;
  /** `Idempotency-Key` of the request; each event of a batch gets its own place added. Empty: none. */
  readonly idempotencyKey: string;
  readonly rules: EventRules;
  /** Checks each event; as `validateEvent` when left out. */
  readonly validate?: (value: unknown) => ValidEvent;
  readonly publish: Publish;
  /** `undefined`: there are no limits. */
  readonly admit: Admit | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What is left to do for an event on a topic; or, where it failed its check, what became of it. */
type Step = PublishOrder | PublishResult;

const isOrder = (step: Step): step is PublishOrder => 'input' in step;

/**
 * Publishes every event of a batch in order and answers one result for each event and topic. All are checked before the
 * first is published.
 * @throws TidingsError `batch-too-large` when they go to more topics than one answer may hold, and what `admit` throws;
 *   nothing is published then.
 */
export async function publishBatch(events: readonly ReadEvent[], context: BatchContext): Promise<PublishResult[]> {
  const steps: Step[] = [];
  for (const [index, read] of events.entries()) {
    if (index % TURN_RESULTS === TURN_RESULTS - 1) await nextTurn();
    check(read, index, steps, context);
    if (steps.length > MAX_RESULTS) throw tooLarge();
  }

  const { admit } = context;
  const report =
    admit &&
    (await admit(
      steps.length,
      steps.filter(isOrder).map(({ input }) => input),
    ));
  const results: PublishResult[] = [];
  let away: TidingsError | undefined;
  for (let start = 0; start < steps.length; start += TURN_RESULTS) {
    if (start > 0) await nextTurn();
    const turn = await take(steps.slice(start, start + TURN_RESULTS), away, context);
    const tried = turn.filter(({ problem }) => problem === undefined || problem.status >= 500);
    // Each turn would wait as long as the one before, and its publisher for all of them together.
    if (tried.length > 0 && tried.every(({ problem }) => problem?.code === 'unavailable')) away = notTried();
    results.push(...turn);
  }
  report?.(results);
  return results;
}

async function take(
  steps: readonly Step[],
  away: TidingsError | undefined,
  { request, publish, metrics, log }: BatchContext,
): Promise<PublishResult[]> {
  if (away !== undefined) {
    return steps.map((step) =>
      isOrder(step) ? { ...toFailure(away, step.index, metrics, log, request.traceId), topic: step.input.topic } : step,
    );
  }
  const published = (await publish(request, steps.filter(isOrder))).values();
  return steps.map((step) => (isOrder(step) ? (published.next().value as PublishResult) : step));
}

const notTried = (): TidingsError =>
  new TidingsError('unavailable', 'The broker is away: this event was not tried.', { retryAfterSec: 1 });

function check(
  read: ReadEvent,
  index: number,
  steps: Step[],
  { request, idempotencyKey, rules, validate, metrics, log }: BatchContext,
): void {
  try {
    const id = idempotencyKey === '' ? '' : `${idempotencyKey}.${index}`;
    const value = read();
    const event = validate === undefined ? validateEvent(value, request.grant.tenant, id, rules) : validate(value);
    for (const input of event) steps.push({ input, index });
  } catch (error) {
    steps.push(toFailure(error, index, metrics, log, request.traceId));
  }
}

function tooLarge(): TidingsError {
  return new TidingsError(
    'batch-too-large',
    `One request may have ${MAX_RESULTS} results, one for each event and topic.`,
  );
}
