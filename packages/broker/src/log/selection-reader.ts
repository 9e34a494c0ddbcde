import { toMatcher } from '@tidings/protocol';
import type { Range, ReplayStart, Selection } from '../port.ts';
import type { LogEntry, TopicLog } from './topic-log.ts';

// Above this many topics a scan over the log is cheaper than merging their index entries.
const MAX_MERGED_TOPICS = 64;
const PAGE_BYTES = 1_048_576;
// Sequences looked at in one turn of the event loop.
const PAGE_EXAMINED = 5_000;

/** A piece of what was asked for; everything up to `through` has been yielded. */
export interface LogPage<Entry extends LogEntry> {
  readonly entries: readonly Entry[];
  readonly through: number;
}

/** Sequences of the selection in the range, ascending, in batches of what one turn may examine. */
function* matchingSequences(log: TopicLog<LogEntry>, selection: Selection, { after, upTo }: Range): Generator<number> {
  const lists = log.select(selection);
  if (lists.length <= MAX_MERGED_TOPICS) {
    let reached = after;
    while (true) {
      // The lists may shrink between two turns, so each step asks them again from where it stands.
      let next = Number.POSITIVE_INFINITY;
      for (const list of lists) next = Math.min(next, list.at(list.indexAfter(reached)) ?? Number.POSITIVE_INFINITY);
      if (next > upTo) return;
      reached = next;
      yield next;
    }
  }
  for (let seq = Math.max(after + 1, log.first); seq <= upTo; seq += 1) yield seq;
}

/** Reads history in pages that fit one turn of the event loop each. */
export function* readHistory<Entry extends LogEntry>(
  log: TopicLog<Entry>,
  selection: Selection,
  range: Range,
  now: () => number,
): Generator<LogPage<Entry>> {
  const matches = toMatcher(selection.patterns);
  let entries: Entry[] = [];
  let bytes = 0;
  let examined = 0;
  for (const seq of matchingSequences(log, selection, range)) {
    const entry = log.get(seq);
    examined += 1;
    if (entry !== undefined && entry.tenant === selection.tenant && matches(entry.topic) && entry.expiresAtMs > now()) {
      entries.push(entry);
      bytes += entry.bytes;
    }
    if (bytes >= PAGE_BYTES || examined >= PAGE_EXAMINED) {
      yield { entries, through: seq };
      entries = [];
      bytes = 0;
      examined = 0;
    }
  }
  yield { entries, through: range.upTo };
}

/** The newest kept event of every matching topic within the range, ascending, as pages. */
export function* readLatest<Entry extends LogEntry>(
  log: TopicLog<Entry>,
  selection: Selection,
  range: Range,
  now: () => number,
): Generator<LogPage<Entry>> {
  const newest: number[] = [];
  for (const list of log.select(selection)) {
    for (let index = list.indexAfter(range.upTo) - 1; index >= 0; index -= 1) {
      const seq = list.at(index) as number;
      if (seq <= range.after) break;
      if ((log.get(seq)?.expiresAtMs ?? 0) <= now()) continue;
      newest.push(seq);
      break;
    }
  }
  newest.sort((a, b) => a - b);
  let entries: Entry[] = [];
  let bytes = 0;
  for (const seq of newest) {
    const entry = log.get(seq);
    if (entry === undefined) continue;
    entries.push(entry);
    bytes += entry.bytes;
    if (bytes < PAGE_BYTES) continue;
    yield { entries, through: seq };
    entries = [];
    bytes = 0;
  }
  yield { entries, through: range.upTo };
}

/**
 * The place right before the replay begins, as `Broker.startOf` promises. Yields after each piece of work that fits one
 * turn of the event loop.
 */
export function* findStart(
  log: TopicLog<LogEntry>,
  selection: Selection,
  start: ReplayStart,
  upTo: number,
  now: () => number,
): Generator<undefined, number> {
  if ('sinceMs' in start) return findTime(log, selection, start.sinceMs, upTo);
  const matches = toMatcher(selection.patterns);
  let oldest = upTo + 1;
  let taken = 0;
  let examined = 0;
  for (const seq of sequencesBackwards(log, selection, upTo)) {
    if (taken === start.count) break;
    examined += 1;
    if (examined % PAGE_EXAMINED === 0) yield;
    const entry = log.get(seq);
    if (entry === undefined || entry.tenant !== selection.tenant || entry.expiresAtMs <= now()) continue;
    if (!matches(entry.topic)) continue;
    oldest = seq;
    taken += 1;
  }
  return oldest - 1;
}

/** The mirror of `matchingSequences`: newest first, from `upTo`. */
function* sequencesBackwards(log: TopicLog<LogEntry>, selection: Selection, upTo: number): Generator<number> {
  const lists = log.select(selection);
  if (lists.length <= MAX_MERGED_TOPICS) {
    let reached = upTo + 1;
    while (true) {
      let next = 0;
      for (const list of lists) next = Math.max(next, list.at(list.indexAfter(reached - 1) - 1) ?? 0);
      if (next === 0) return;
      reached = next;
      yield next;
    }
  }
  for (let seq = upTo; seq >= log.first; seq -= 1) yield seq;
}

// Times never fall along the log, so each topic's list is searched by halves.
function findTime(log: TopicLog<LogEntry>, selection: Selection, sinceMs: number, upTo: number): number {
  let oldest = upTo + 1;
  for (const list of log.select(selection)) {
    let low = 0;
    let high = list.indexAfter(upTo);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const timeMs = log.get(list.at(middle) as number)?.timeMs ?? 0;
      if (timeMs < sinceMs) low = middle + 1;
      else high = middle;
    }
    const seq = list.at(low);
    if (seq !== undefined && seq < oldest) oldest = seq;
  }
  return oldest - 1;
}
