import { type Certainty, parseCursor } from '@tidings/protocol';
import type { AskedEvent, SessionRecord } from './session-record.ts';

export interface Acknowledgement {
  readonly state: Certainty;
  /** The session that came with the cursor. */
  readonly by: SessionRecord | undefined;
}

const UNKNOWN: Acknowledgement = { state: 'unknown', by: undefined };

/**
 * Whether the client of a session had the event, by the cursor that it came back with. Counts only where no other session of the user can
 * have given that cursor: several tabs get the same ids.
 * @param all every session of the user that is known.
 */
export function findAcknowledgement(
  { epoch, seq }: AskedEvent,
  record: SessionRecord,
  all: readonly SessionRecord[],
): Acknowledgement {
  let refuted: SessionRecord | undefined;
  for (const later of all) {
    if (later === record || later.openedMs < record.openedMs || later.given === undefined) continue;
    const cursor = parseCursor(later.given);
    if (cursor === undefined || cursor.epoch !== epoch || !mayHaveGiven(record, cursor.seq, later)) continue;
    const isOnly = !all.some((other) => other !== record && mayHaveGiven(other, cursor.seq, later));
    if (!isOnly) continue;
    if (cursor.seq >= seq) return { state: 'yes', by: later };
    // Whoever is still open may be another client, to whom the event came.
    if (record.closedMs !== undefined && record.closedMs <= later.openedMs) refuted ??= later;
  }
  return refuted === undefined ? UNKNOWN : { state: 'no', by: refuted };
}

function mayHaveGiven(record: SessionRecord, seq: number, later: SessionRecord): boolean {
  if (record === later || record.openedMs > later.openedMs || record.start === undefined) return false;
  return record.epoch === parseCursor(later.given ?? '')?.epoch && seq >= record.start && seq <= record.lastId;
}
