/**
 * What a user has read of the events on `user.<id>`: everything up to a place, and single places after it. It only grows, so
 * two of one log can be told apart by their revision: the higher one holds all of the lower (ADR 0034).
 */
export interface ReadState {
  /** The log that the places are of. */
  readonly epoch: string;
  readonly upTo: number;
  /** Ascending, each once, all after `upTo`. */
  readonly singles: readonly number[];
  /** Higher at each change, also where a state begins anew. */
  readonly revision: number;
}

/** What is read from now on, places of one log. */
export interface ReadMarks {
  readonly epoch: string;
  /** 0: nothing but the single places. */
  readonly upTo: number;
  readonly singles: readonly number[];
}

/** The most single places that a state may hold. */
export const MAX_SINGLE_READS = 1_000;

/** Nothing of this log is read. */
export const nothingRead = (epoch: string): ReadState => ({ epoch, upTo: 0, singles: [], revision: 0 });

/** Whether the event at this place is read. */
export function isRead({ upTo, singles }: Pick<ReadState, 'upTo' | 'singles'>, seq: number): boolean {
  if (seq <= upTo) return true;
  const newest = singles.at(-1);
  return newest !== undefined && seq <= newest && singles.includes(seq);
}

/**
 * The state after marks; the same object where all of them were read before. Of a state of another log nothing is left: its
 * places are those of other events.
 * @param nowMs makes the revision higher than any that was told before, also when the state was forgotten meanwhile.
 */
export function addMarks(before: ReadState | undefined, marks: ReadMarks, nowMs: number): ReadState {
  const state = before?.epoch === marks.epoch ? before : nothingRead(marks.epoch);
  const upTo = Math.max(state.upTo, marks.upTo);
  const singles = placesAfter(upTo, [...state.singles, ...marks.singles]);
  if (upTo === state.upTo && singles.length === state.singles.length && state === before) return state;
  return { epoch: marks.epoch, upTo, singles, revision: Math.max((before?.revision ?? 0) + 1, nowMs) };
}

/**
 * The same state in fewer words.
 * @param allReadTo up to here no event is kept that is not read.
 */
export function compactReads(state: ReadState, allReadTo: number): ReadState {
  const upTo = Math.max(state.upTo, allReadTo);
  return { ...state, upTo, singles: placesAfter(upTo, state.singles) };
}

const placesAfter = (upTo: number, places: readonly number[]): number[] =>
  [...new Set(places)].filter((seq) => seq > upTo).sort((one, other) => one - other);

/** A state as text: single places as their distances in base 36, three characters each for most. */
export function encodeReadState({ epoch, upTo, singles, revision }: ReadState): string {
  const distances = singles.map((seq, at) => (seq - (singles[at - 1] ?? upTo)).toString(36));
  return JSON.stringify([epoch, upTo, revision, distances.join('.')]);
}

/** Reads what `encodeReadState` wrote; `undefined` for anything else. */
export function parseReadState(text: string): ReadState | undefined {
  const [epoch, upTo, revision, distances, ...more] = toList(text);
  if (typeof epoch !== 'string' || typeof distances !== 'string' || more.length > 0) return undefined;
  if (!isPlace(upTo) || !isPlace(revision)) return undefined;
  const singles: number[] = [];
  let seq = upTo;
  for (const distance of distances === '' ? [] : distances.split('.')) {
    seq += /^[1-9a-z][0-9a-z]{0,10}$/.test(distance) ? Number.parseInt(distance, 36) : Number.NaN;
    if (!isPlace(seq)) return undefined;
    singles.push(seq);
  }
  return { epoch, upTo, singles, revision };
}

function toList(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
