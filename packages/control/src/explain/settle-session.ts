import type { Certainty } from '@tidings/protocol';
import { findAcknowledgement, type Return } from './find-acknowledgement.ts';
import { type Judgement, judgeSession } from './judge-session.ts';
import type { AskedEvent, SessionRecord } from './session-record.ts';

export interface Settled extends Judgement {
  readonly acknowledged: Certainty;
  /** The session that came with the cursor which says so. */
  readonly by: SessionRecord | undefined;
}

/** What became of an event on a session, by its own record and how its client came back. */
export function settleSession(
  asked: AskedEvent,
  record: SessionRecord,
  returns: readonly Return[],
  knownSinceMs: number,
): Settled {
  const judged = judgeSession(asked, record);
  const isSent = judged.written === 'yes' || judged.why === 'unsent';
  // A later cursor says nothing of what was perhaps never sent.
  if (!isSent) return { ...judged, acknowledged: 'unknown', by: undefined };
  const { state: acknowledged, by } = findAcknowledgement(asked, record, returns, knownSinceMs);
  // What was about to be sent at the end has come after all.
  const isSettled = acknowledged === 'yes';
  return { ...judged, ...(isSettled && { written: 'yes', why: undefined }), acknowledged, by };
}
