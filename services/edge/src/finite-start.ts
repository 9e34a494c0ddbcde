import type { Selection } from '@tidings/broker';
import type { Feed } from './feed.ts';
import { type Following, findJoin, type Join, type JoinParts } from './join.ts';
import type { StreamWish } from './stream-wish.ts';

/** Where a finite stream begins, and how its topics stand there (contract section 6). */
export interface FiniteStart {
  /** The log in which it was found: in another one it means nothing. */
  readonly epoch: string;
  /** The topics were looked at up to here. */
  readonly upTo: number;
  readonly join: Join;
  /** Topics whose newest stored event is final and lies at or before the place where the stream begins. */
  readonly finished: readonly string[];
}

/** Finds where a finite stream begins, and reads the newest event of each of its topics. */
export async function findFiniteStart(
  wish: StreamWish,
  selection: Selection,
  following: Following,
  parts: JoinParts,
  signal: AbortSignal,
): Promise<FiniteStart> {
  const { broker, feed } = parts;
  const { epoch } = feed;
  const join = await findJoin(wish, selection, following, parts, { signal });
  const upTo = feed.position;
  const finished: string[] = [];
  const notBegun = new Set(selection.patterns);
  for await (const { messages } of broker.latest(selection, { after: 0, upTo }, signal)) {
    for (const message of messages) {
      notBegun.delete(message.topic);
      if (message.final && message.seq <= join.position) finished.push(message.topic);
    }
  }
  return { epoch, upTo, finished, join: notBegun.size === 0 ? join : withoutHistory(join, wish) };
}

// A topic of which history holds nothing counts as not begun: whoever resumes it may have seen events that are gone.
function withoutHistory(join: Join, { cursor }: StreamWish): Join {
  if (!join.resumed || cursor === undefined || join.position === 0) return join;
  return { ...join, resumed: false, gap: { from: cursor, reason: 'expired' } };
}

/**
 * Whether a stream may begin so: the log is the same, and this edge was fed all that comes before the beginning, for a
 * final event or a later one may be among what it was not. Whatever is fed meanwhile comes after.
 */
export function holds({ epoch, upTo, join }: FiniteStart, feed: Feed): boolean {
  return epoch === feed.epoch && upTo >= join.position;
}

/** Whether nothing will ever come: every topic is finished, and the client has its final event. */
export function isOver(start: FiniteStart, topics: readonly string[], feed: Feed): boolean {
  return holds(start, feed) && start.join.resumed && start.finished.length === topics.length;
}
