import type { HubError } from '../hub-error.ts';
import { pause } from './abort.ts';
import type { LineAnswer } from './answer.ts';
import type { Clock } from './clock.ts';
import type { EventLine } from './event-line.ts';
import { createLedger, isLate } from './ledger.ts';
import type { PublishResult } from './publisher.ts';
import type { SendRequest } from './request.ts';
import { isPassing, toWaitMs } from './retry.ts';

export interface DeliveryParts {
  readonly send: SendRequest;
  /** For one request with all its tries. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

interface DeliveryOptions {
  readonly signals: readonly AbortSignal[];
  /** Stops once a line was overtaken: it failed, and one behind it was stored. */
  readonly ordered?: boolean;
}

/** What became of the lines of one request. */
interface Delivered {
  /** One for each line and topic, in the order of the lines. */
  readonly results: readonly PublishResult[];
  /** Why some of them were not tried any more; `undefined` when each has the server's last word. */
  readonly stopped: HubError | undefined;
}

/**
 * Sends the lines of one request, and those again that failed for a passing reason, until each has its fate or the time is
 * up. Expected failures are results.
 * @throws the reason of a signal that is aborted.
 */
export type Deliver = (lines: readonly EventLine[], options: DeliveryOptions) => Promise<Delivered>;

const LEAST_TRY_MS = 1_000;
// With less time left, a try would but hide why the one before it failed.
const SHORTEST_TRY_MS = 100;
const MOST_TRY_MS = 10_000;

export function createDelivery({ send, timeoutMs, clock, random }: DeliveryParts): Deliver {
  // Another server may answer, where the one that was asked does not.
  const tryMs = Math.max(LEAST_TRY_MS, Math.min(MOST_TRY_MS, timeoutMs / 3));

  return async (lines, { signals, ordered = false }) => {
    const deadlineMs = clock.elapsed() + timeoutMs;
    const ledger = createLedger();
    let pending = lines;
    for (let tries = 0; ; tries += 1) {
      const leftMs = deadlineMs - clock.elapsed();
      const answer = await send(pending, Math.min(tryMs, leftMs), signals);
      let error = answer.error;
      if (answer.lines !== undefined) {
        pending = ledger.note(pending, answer.lines);
        error = answer.lines.find(isLate)?.error;
      }
      if (error === undefined) return { results: ledger.results(), stopped: undefined };
      const waitMs = toWaitMs(tries, answer.retryAfterMs, random());
      const isOver =
        clock.elapsed() + waitMs + SHORTEST_TRY_MS > deadlineMs || (ordered && isOvertaken(answer.lines ?? []));
      if (isOver || !isPassing(error)) {
        ledger.abandon(pending, error);
        return { results: ledger.results(), stopped: error };
      }
      await pause(waitMs, signals, clock);
    }
  };
}

// What is a duplicate was stored by an earlier try, and what stands before it then was too.
function isOvertaken(answers: readonly LineAnswer[]): boolean {
  const first = answers.findIndex(isLate);
  return first !== -1 && answers.slice(first).some((answer) => answer.error === undefined && !answer.duplicate);
}
