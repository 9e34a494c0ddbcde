import { type Grant, mayPublish } from '@tidings/auth';
import type { Broker, PublishInput } from '@tidings/broker';
import { encodeCursor, type Problem, TidingsError } from '@tidings/protocol';
import { type Logger, type Metrics, problemOfAny } from '@tidings/runtime';
import type { ValidEvent } from './validate.ts';

/** What became of one event on one topic. */
export interface PublishResult {
  readonly status: number;
  /** The event's place in the body, from 0. */
  readonly index: number;
  readonly topic?: string;
  readonly id?: string;
  readonly duplicate?: true;
  readonly problem?: Problem;
  /** When trying again is worth it, where the failure says so. */
  readonly retryAfterSec?: number;
}

/** Publishes what is valid; a failure is a result and never stops the others. */
export type Publish = (grant: Grant, event: ValidEvent, index: number) => Promise<PublishResult[]>;

/** Joins the right to publish, the broker and the metrics into one act. */
export function createPublish(broker: Broker, metrics: Metrics, log: Logger): Publish {
  async function publishOne(grant: Grant, input: PublishInput, index: number): Promise<PublishResult> {
    const { topic } = input;
    try {
      if (!mayPublish(grant, topic)) throw new TidingsError('forbidden', `The token may not publish to ${topic}.`);
      const stop = metrics.publishSeconds.startTimer();
      const { epoch, seq, duplicate } = await broker.publish(input);
      stop();
      metrics.eventsPublished.inc({ result: duplicate ? 'duplicate' : 'accepted' });
      const id = seq === 0 ? {} : { id: encodeCursor(epoch, seq) };
      return { status: 202, index, topic, ...id, ...(duplicate && { duplicate }) };
    } catch (error) {
      return { ...toFailure(error, index, metrics, log), topic };
    }
  }

  return (grant, event, index) => Promise.all(event.map((input) => publishOne(grant, input, index)));
}

/**
 * A failure as a result. An unexpected one is a result too, and its error stands in the log: an answer that failed as a
 * whole would hide which of the others were stored.
 */
export function toFailure(error: unknown, index: number, metrics: Metrics, log: Logger): PublishResult {
  const problem = problemOfAny(error, log);
  metrics.eventsPublished.inc({ result: problem.code });
  const retryAfterSec = error instanceof TidingsError ? error.details.retryAfterSec : undefined;
  return { status: problem.status, index, problem, ...(retryAfterSec !== undefined && { retryAfterSec }) };
}
