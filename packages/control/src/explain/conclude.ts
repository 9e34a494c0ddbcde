import { findReturns } from './find-acknowledgement.ts';
import { eventMs, gatherKnowledge, type Knowledge } from './knowledge.ts';
import type { AskedEvent, JournalPart, SessionRecord } from './session-record.ts';
import { type Settled, settleSession } from './settle-session.ts';

export interface Conclusion extends Pick<Knowledge, 'lost'> {
  readonly delivered: 'acknowledged' | 'written' | 'no' | 'unknown';
  /** No node that is known left out a session that it held since the event. */
  readonly complete: boolean;
  /** What became of it on each session, oldest first. */
  readonly sessions: readonly { readonly record: SessionRecord; readonly settled: Settled }[];
}

/**
 * Whether a user got an event, from what all nodes answered. `no` only where the event is known, no session had it, and nothing is left
 * out (ADR 0035).
 */
export function conclude(asked: AskedEvent, parts: readonly JournalPart[]): Conclusion {
  const { records, sinceMs, lost } = gatherKnowledge(asked, parts);
  const returns = findReturns(records);
  const sessions = records.map((record) => ({
    record,
    settled: settleSession(asked, record, returns.get(record) ?? [], sinceMs),
  }));
  const complete = sinceMs <= eventMs(asked);
  return { delivered: deliveredOf(asked, sessions, complete), lost, complete, sessions };
}

function deliveredOf(
  { found }: AskedEvent,
  sessions: Conclusion['sessions'],
  complete: boolean,
): Conclusion['delivered'] {
  const judged = sessions.map(({ settled }) => settled);
  if (judged.some(({ written, acknowledged }) => written === 'yes' && acknowledged === 'yes')) return 'acknowledged';
  if (judged.some(({ written }) => written === 'yes')) return 'written';
  const isNo = found.state === 'stored' && complete && judged.every(({ written }) => written === 'no');
  return isNo ? 'no' : 'unknown';
}
