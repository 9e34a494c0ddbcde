import type { HubError } from '../hub-error.ts';
import type { LineAnswer } from './answer.ts';
import type { EventLine } from './event-line.ts';
import type { Published, PublishResult } from './publisher.ts';
import { isPassing } from './retry.ts';

/** Whether it failed, and is worth another try. */
export const isLate = ({ error }: LineAnswer): boolean => error !== undefined && isPassing(error);

/** What became of the lines of one request so far. */
export interface Ledger {
  /** Writes down what the server said of each line; answers what is to be sent again. */
  note(lines: readonly EventLine[], answers: readonly LineAnswer[]): EventLine[];
  /** Gives the lines that were never answered the error of their request. */
  abandon(lines: readonly EventLine[], error: HubError): void;
  results(): PublishResult[];
}

export function createLedger(): Ledger {
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
  const { topic, id, duplicate, schedule } = answer;
  return { status: duplicate ? 'duplicate' : 'accepted', index, topic, id, ...(schedule && { schedule }) };
}

/** The results of a line that was not answered. */
export function toFailed({ index, topics }: EventLine, error: HubError): PublishResult[] {
  return topics.map((topic) => ({ status: 'failed', index, topic, error }));
}

/** @throws HubError of an event that failed. */
export function toPublished(result: PublishResult): Published {
  if (result.status === 'failed') throw result.error;
  const { topic, id, status, schedule } = result;
  return { topic, id, duplicate: status === 'duplicate', ...(schedule && { schedule }) };
}
