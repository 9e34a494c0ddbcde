import { findAcknowledgement } from './find-acknowledgement.ts';
import { judgeSession } from './judge-session.ts';
import type { AskedEvent, HeardNode, JournalPart } from './session-record.ts';

export interface Conclusion {
  readonly delivered: 'acknowledged' | 'written' | 'no' | 'unknown';
  /** Nodes with a journal that served since the event and do not answer any more. */
  readonly lost: readonly HeardNode[];
  /** No node that is known left out a session that it held since the event. */
  readonly complete: boolean;
}

/**
 * Whether a user got an event, from what all nodes answered. `no` only where the event is known, no session had it, and nothing is left
 * out (ADR 0035).
 */
export function conclude(asked: AskedEvent, parts: readonly JournalPart[]): Conclusion {
  const records = parts.flatMap((part) => part.records);
  const judged = records.map((record) => ({
    written: judgeSession(asked, record).written,
    acknowledged: findAcknowledgement(asked, record, records).state,
  }));
  const { found } = asked;
  const sinceMs = found.state === 'stored' ? found.timeMs : 0;
  const answered = new Set(parts.map(({ node }) => node));
  const heard = new Map(parts.flatMap((part) => part.heard.map((each) => [each.node, each])));
  const lost = [...heard.values()].filter(({ node, heardMs }) => !answered.has(node) && heardMs >= sinceMs);
  // Whoever was there already would have heard of the others.
  const isWitnessed = parts.some((part) => part.isOn && part.hearsSinceMs <= sinceMs);
  const isWhole = parts.every((part) => part.isOn && part.forgottenMs < sinceMs);
  const complete = isWitnessed && isWhole && lost.length === 0;
  if (judged.some(({ written, acknowledged }) => written === 'yes' && acknowledged === 'yes')) {
    return { delivered: 'acknowledged', lost, complete };
  }
  if (judged.some(({ written }) => written === 'yes')) return { delivered: 'written', lost, complete };
  const isNo = found.state === 'stored' && complete && judged.every(({ written }) => written === 'no');
  return { delivered: isNo ? 'no' : 'unknown', lost, complete };
}
