import { type Grant, mayPublish } from '@tidings/auth';
import type { Broker } from '@tidings/broker';
import { encodeCursor, type Problem, TidingsError } from '@tidings/protocol';
import { type Logger, type Metrics, type OwnCell, problemOfAny, type TraceContext } from '@tidings/runtime';
import type { PublishTrace } from './publish-trace.ts';
import type { EventInput } from './validate.ts';

/** One event on one topic that is to be published. */
export interface PublishOrder {
  readonly input: EventInput;
  /** The event's place in the body, from 0. */
  readonly index: number;
}

/** What became of one event on one topic; a member that is `undefined` is not in the answer. */
export interface PublishResult {
  readonly status: number;
  /** The event's place in the body, from 0. */
  readonly index: number;
  readonly topic?: string;
  readonly id?: string | undefined;
  readonly duplicate?: true | undefined;
  /** Where it is published later. */
  readonly schedule?: { readonly id: string; readonly at: string };
  readonly problem?: Problem;
  /** When trying again is worth it, where the failure says so. */
  readonly retryAfterSec?: number;
}

/** The request that is published for. */
export interface PublishRequest {
  readonly grant: Grant;
  /** What stands beside its errors in the log. */
  readonly traceId: () => string;
  /** `undefined` where nothing is recorded of it. */
  readonly trace: PublishTrace | undefined;
}

/** Publishes what is valid, all at once, and answers in its order; a failure is a result and never stops the others. */
export type Publish = (request: PublishRequest, orders: readonly PublishOrder[]) => Promise<PublishResult[]>;

/**
 * Joins the right to publish, the broker and the metrics into one act.
 * @param cell whom this process serves; `undefined`: everybody.
 */
export function createPublish(broker: Broker, metrics: Metrics, log: Logger, cell?: OwnCell): Publish {
  async function publishOne(
    { grant, traceId }: PublishRequest,
    { input, index }: PublishOrder,
    span: TraceContext | undefined,
  ): Promise<PublishResult> {
    const { topic } = input;
    try {
      if (!mayPublish(grant, topic)) throw new TidingsError('forbidden', `The token may not publish to ${topic}.`);
      cell?.assertTopics(input.tenant, [topic]);
      if (input.dueMs !== undefined) return await schedule(input, input.dueMs, index);
      const startedMs = performance.now();
      const { epoch, seq, duplicate } = await broker.publish(input, span);
      metrics.publishSeconds.observe((performance.now() - startedMs) / 1000);
      const id = seq === 0 ? undefined : encodeCursor(epoch, seq);
      return { status: 202, index, topic, id, duplicate: duplicate || undefined };
    } catch (error) {
      return { ...toFailure(error, index, metrics, log, traceId), topic };
    }
  }

  async function schedule(
    { dueMs: _dueMs, ...event }: EventInput,
    dueMs: number,
    index: number,
  ): Promise<PublishResult> {
    const receipt = await broker.schedules.put(event, dueMs);
    const schedule = { id: receipt.id, at: new Date(receipt.dueMs).toISOString() };
    return { status: 202, index, topic: event.topic, duplicate: receipt.duplicate || undefined, schedule };
  }

  // Once for all of them: finding the series of a label costs more than adding to it.
  function count(results: readonly PublishResult[]): void {
    let accepted = 0;
    let duplicates = 0;
    let scheduled = 0;
    for (const { status, duplicate, schedule } of results) {
      if (duplicate) duplicates += 1;
      else if (schedule !== undefined) scheduled += 1;
      else if (status === 202) accepted += 1;
    }
    if (accepted > 0) metrics.eventsPublished.inc({ result: 'accepted' }, accepted);
    if (scheduled > 0) metrics.eventsPublished.inc({ result: 'scheduled' }, scheduled);
    if (duplicates > 0) metrics.eventsPublished.inc({ result: 'duplicate' }, duplicates);
  }

  return async (request, orders) => {
    if (orders.length === 0) return [];
    const span = request.trace?.store(orders.length);
    const results = await Promise.all(orders.map((order) => publishOne(request, order, span?.context)));
    span?.end(results);
    count(results);
    return results;
  };
}

/**
 * A failure as a result. An unexpected one is a result too, and its error stands in the log: an answer that failed as a
 * whole would hide which of the others were stored.
 */
export function toFailure(
  error: unknown,
  index: number,
  metrics: Metrics,
  log: Logger,
  traceId: () => string,
): PublishResult {
  const problem = problemOfAny(error, log, traceId);
  metrics.eventsPublished.inc({ result: problem.code });
  const retryAfterSec = error instanceof TidingsError ? error.details.retryAfterSec : undefined;
  return { status: problem.status, index, problem, ...(retryAfterSec !== undefined && { retryAfterSec }) };
}
