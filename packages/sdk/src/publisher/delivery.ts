import type { HubError } from '../hub-error.ts';
import { pause } from './abort.ts';
import type { LineAnswer } from './answer.ts';
import type { Clock } from './clock.ts';
import type { EventLine } from './event-line.ts';
import type { Published, PublishResult } from './publisher.ts';
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

export interface DeliveryOptions {
  readonly signals: readonly AbortSignal[];
  /** Stops once a line was overtaken: it failed, and one behind it was stored. */
  readonly ordered?: boolean;
}

/** What became of the lines of one request. */
export interface Delivered {
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

const isLate = ({ error }: LineAnswer): boolean => error !== undefined && isPassing(error);

// What is a duplicate was stored by an earlier try, and what stands before it then was too.
function isOvertaken(answers: readonly LineAnswer[]): boolean {
  const first = answers.findIndex(isLate);
  return first !== -1 && answers.slice(first).some((answer) => answer.error === undefined && !answer.duplicate);
}

interface Ledger {
  /** Writes down what the server said of each line; answers what is to be sent again. */
  note(lines: readonly EventLine[], answers: readonly LineAnswer[]): EventLine[];
  /** Gives the lines that were never answered the error of their request. */
  abandon(lines: readonly EventLine[], error: HubError): void;
  results(): PublishResult[];
}

function createLedger(): Ledger {
  // By line and topic. A later answer takes the place of the earlier one, so the order is that of the first.
  const lines = new Map<number, Map<string | undefined, PublishResult>>();

  const entryOf = (index: number): Map<string | undefined, PublishResult> => {
    const entry = lines.get(index) ?? new Map();
    lines.set(index, entry);
    return entry;
  };

  return {
    note(sent, answers) {
      const late = sent.map((): LineAnswer[] => []);
      for (const answer of answers) {
        const { index } = sent[answer.index] as EventLine;
        const entry = entryOf(index);
        if (answer.topic !== undefined) entry.delete(undefined);
        entry.set(answer.topic, toResult(index, answer));
        if (isLate(answer)) late[answer.index]?.push(answer);
      }
      return sent.flatMap((line, place) => {
        const again = late[place] ?? [];
        if (again.length === 0) return [];
        const topics = again.flatMap(({ topic }) => topic ?? []);
        return line.forTopics === undefined || topics.length === 0 ? line : line.forTopics(topics);
      });
    },
    abandon(left, error) {
      for (const line of left) {
        if (lines.has(line.index)) continue;
        for (const result of toFailed(line, error)) entryOf(line.index).set(result.topic, result);
      }
    },
    results: () => [...lines.values()].flatMap((entry) => [...entry.values()]),
  };
}

function toResult(index: number, answer: LineAnswer): PublishResult {
  if (answer.error !== undefined) return { status: 'failed', index, topic: answer.topic, error: answer.error };
  const { topic, id, duplicate } = answer;
  return { status: duplicate ? 'duplicate' : 'accepted', index, topic, id };
}

/** The results of a line that was not answered. */
export function toFailed({ index, topics }: EventLine, error: HubError): PublishResult[] {
  return topics.map((topic) => ({ status: 'failed', index, topic, error }));
}

/** @throws HubError of an event that failed. */
export function toPublished(result: PublishResult): Published {
  if (result.status === 'failed') throw result.error;
  const { topic, id, status } = result;
  return { topic, id, duplicate: status === 'duplicate' };
}
