import { type Certainty, type Cursor, parseCursor } from '@tidings/protocol';
import { CLOCK_SKEW_MS, eventMs } from './knowledge.ts';
import type { AskedEvent, SessionRecord } from './session-record.ts';

export interface Acknowledgement {
  readonly state: Certainty;
  /** The session that came with the cursor. */
  readonly by: SessionRecord | undefined;
}

/** A client came back as `by`, with the cursor of a place that one session alone can have given it. */
export interface Return {
  readonly by: SessionRecord;
  readonly seq: number;
}

const UNKNOWN: Acknowledgement = { state: 'unknown', by: undefined };

/**
 * Which sessions' clients came back, by the cursors that later ones came with. Counts only where no other session of the user can have
 * given that cursor: several tabs get the same ids.
 * @param all every session of the user that is known.
 */
export function findReturns(all: readonly SessionRecord[]): ReadonlyMap<SessionRecord, readonly Return[]> {
  const returns = new Map<SessionRecord, Return[]>();
  for (const by of all) {
    const cursor = parseCursor(by.given ?? '');
    const giver = cursor && onlyGiver(all, cursor, by);
    if (cursor === undefined || giver === undefined) continue;
    const known = returns.get(giver) ?? [];
    returns.set(giver, known);
    known.push({ by, seq: cursor.seq });
  }
  return returns;
}

/**
 * Whether the client of a session had the event, by the cursors that it came back with.
 * @param knownSinceMs what ended before that may be missing, and may have given the cursor as well.
 */
export function findAcknowledgement(
  asked: AskedEvent,
  record: SessionRecord,
  returns: readonly Return[],
  knownSinceMs: number,
): Acknowledgement {
  if (knownSinceMs > eventMs(asked)) return UNKNOWN;
  // Whoever is still open may be another client: a page that loads its state comes with a cursor that no stream gave.
  if (record.closedMs === undefined) return UNKNOWN;
  const { closedMs } = record;
  const had = returns.find(({ seq }) => seq >= asked.seq);
  if (had !== undefined) return { state: 'yes', by: had.by };
  if (knownSinceMs > record.openedMs) return UNKNOWN;
  // Whoever came before the end may be another client as well, and the event came to this one.
  const refuted = returns.find(({ by }) => closedMs + skewOf(record, by) <= by.openedMs);
  return refuted === undefined ? UNKNOWN : { state: 'no', by: refuted.by };
}

function onlyGiver(all: readonly SessionRecord[], cursor: Cursor, by: SessionRecord): SessionRecord | undefined {
  let only: SessionRecord | undefined;
  for (const record of all) {
    if (record === by || !mayHaveGiven(record, cursor, by)) continue;
    if (only !== undefined) return undefined;
    only = record;
  }
  return only;
}

function mayHaveGiven(record: SessionRecord, { epoch, seq }: Cursor, by: SessionRecord): boolean {
  const { start, lastId } = record;
  if (start === undefined || seq < start || seq > lastId || record.epoch !== epoch) return false;
  return record.openedMs <= by.openedMs + skewOf(record, by);
}

// Times of one node are of one clock.
const skewOf = (one: SessionRecord, other: SessionRecord): number => (one.node === other.node ? 0 : CLOCK_SKEW_MS);
