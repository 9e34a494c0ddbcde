import type { Task, WorkQueue } from '@tidings/broker';
import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { DeadLetters } from './dead-letters.ts';
import { type HookEvent, toPayload } from './hook-event.ts';
import { nextAttempt } from './retry-schedule.ts';
import type { Outcome, Sender } from './sender.ts';

export interface DeliveryParts {
  /** Name of the endpoint. */
  readonly endpoint: string;
  readonly sender: Pick<Sender, 'send'>;
  readonly queue: Pick<WorkQueue, 'take'>;
  readonly dead: Pick<DeadLetters, 'bury'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'webhookRequests' | 'webhookDeadLetters' | 'webhookSeconds'>;
}

const MOST_AT_ONCE = 8;

/** Delivers what waits for one endpoint, as much as one take brings; resolves once all of it is settled. */
export async function deliver(parts: DeliveryParts): Promise<void> {
  const tasks = await parts.queue.take(`job:${parts.endpoint}`, MOST_AT_ONCE);
  const settled = await Promise.allSettled(tasks.map((task) => deliverOne(task, parts)));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
}

async function deliverOne(task: Task, { endpoint, sender, dead, clock, log, metrics }: DeliveryParts): Promise<void> {
  const event = JSON.parse(task.body) as HookEvent;
  const outcome = await sender.send(event.id, toPayload(event));
  metrics.webhookRequests.inc({ endpoint, result: outcome.result });
  if (outcome.result === 'delivered') {
    metrics.webhookSeconds.observe(Math.max(0, clock.now() - event.timeMs) / 1_000);
    return task.ack();
  }
  const verdict = verdictOf(task, outcome);
  const line = { endpoint, webhook: event.id, attempt: task.attempt, reason: outcome.reason };
  if (verdict !== 'give-up') {
    log.warn({ ...line, retryMs: verdict.retryMs }, 'a webhook was not delivered, and is tried again');
    return task.retry(verdict.retryMs);
  }
  log.error(line, 'a webhook was given up: it can be replayed');
  await dead.bury(endpoint, event, task.attempt, outcome);
  metrics.webhookDeadLetters.inc({ endpoint });
  await task.ack();
}

// Who says that it is gone wants no more; anything else may pass, a name that points at a wrong address included.
const verdictOf = ({ attempt, ageMs }: Task, { result, retryAfterMs }: Outcome): ReturnType<typeof nextAttempt> =>
  result === 'gone' ? 'give-up' : nextAttempt(attempt, ageMs, retryAfterMs);
