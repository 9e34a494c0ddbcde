import { isWildcard, toMatcher } from '@tidings/protocol';
import type { Range, ReplayStart, Selection } from '../port.ts';
import type { SequenceList } from './sequence-list.ts';
import type { LogEntry, TopicLog } from './topic-log.ts';

const PAGE_BYTES = 1_048_576;
// Entries or topics looked at in one turn of the event loop.
const TURN_EXAMINED = 2_000;
// Looking at one more entry of the log costs about as much as looking at this many lists for their next.
const LISTS_PER_ENTRY = 8;
// Patterns are looked for among a tenant's topics only where that is little beside the range itself.
const ENTRIES_PER_TOPIC = 64;

/** A piece of what was asked for; everything up to `through` has been yielded. */
export interface LogPage<Entry extends LogEntry> {
  readonly entries: readonly Entry[];
  readonly through: number;
}

/** The lists of the topics that match; `undefined` where there are more topics to look through than `most`. */
function listsOf(log: TopicLog<LogEntry>, { tenant, patterns }: Selection, most: number): SequenceList[] | undefined {
  const topics = log.topicsOf(tenant);
  if (!patterns.some(isWildcard)) return patterns.flatMap((topic) => topics.get(topic) ?? []);
  if (topics.size > most) return undefined;
  const matches = toMatcher(patterns);
  return [...topics].flatMap(([topic, list]) => (matches(topic) ? list : []));
}

// Merging the lists of the topics costs a look at each for every entry that is found; scanning looks at every entry of
// the range once. Which is less decides: a resume is most often a short way behind, a replay is not.
function listsToMerge(
  log: TopicLog<LogEntry>,
  selection: Selection,
  { after, upTo }: Range,
): SequenceList[] | undefined {
  const range = upTo - after;
  const lists = listsOf(log, selection, range / ENTRIES_PER_TOPIC);
  const found = lists?.reduce((sum, list) => sum + list.size, 0) ?? 0;
  return lists !== undefined && found * lists.length <= range * LISTS_PER_ENTRY ? lists : undefined;
}

function* candidates(log: TopicLog<LogEntry>, selection: Selection, range: Range): Generator<number> {
  const lists = listsToMerge(log, selection, range);
  if (lists === undefined) {
    for (let seq = Math.max(range.after + 1, log.first); seq <= range.upTo; seq += 1) yield seq;
    return;
  }
  for (let reached = range.after; ; ) {
    let next = Number.POSITIVE_INFINITY;
    for (const list of lists) next = Math.min(next, list.after(reached) ?? Number.POSITIVE_INFINITY);
    if (next > range.upTo) return;
    reached = next;
    yield next;
  }
}

/** The mirror of `candidates`: newest first. */
function* candidatesBackwards(log: TopicLog<LogEntry>, selection: Selection, range: Range): Generator<number> {
  const lists = listsToMerge(log, selection, range);
  const least = Math.max(range.after + 1, log.first);
  if (lists === undefined) {
    for (let seq = range.upTo; seq >= least; seq -= 1) yield seq;
    return;
  }
  for (let reached = range.upTo + 1; ; ) {
    let next = 0;
    for (const list of lists) next = Math.max(next, list.before(reached) ?? 0);
    if (next < least) return;
    reached = next;
    yield next;
  }
}

/** Whether an entry is there, selected, and not past its ttl. */
function toFilter({ tenant, patterns }: Selection, now: () => number): (entry: LogEntry | undefined) => boolean {
  const matches = toMatcher(patterns);
  return (entry) => entry !== undefined && entry.tenant === tenant && entry.expiresAtMs > now() && matches(entry.topic);
}

/** Reads history in pages that fit one turn of the event loop each. */
export function* readHistory<Entry extends LogEntry>(
  log: TopicLog<Entry>,
  selection: Selection,
  range: Range,
  now: () => number,
): Generator<LogPage<Entry>> {
  const isWanted = toFilter(selection, now);
  let entries: Entry[] = [];
  let bytes = 0;
  let examined = 0;
  for (const seq of candidates(log, selection, range)) {
    const entry = log.get(seq);
    examined += 1;
    if (isWanted(entry)) {
      entries.push(entry as Entry);
      bytes += (entry as Entry).bytes;
    }
    if (bytes < PAGE_BYTES && examined < TURN_EXAMINED) continue;
    yield { entries, through: seq };
    entries = [];
    bytes = 0;
    examined = 0;
  }
  yield { entries, through: range.upTo };
}

/** Removes what is selected, up to and including a place; yields after each piece that fits one turn. */
export function* removeSelected(log: TopicLog<LogEntry>, selection: Selection, through: number): Generator<undefined> {
  // With a clock at zero nothing counts as expired: what readers pass over already is removed too.
  const pages = readHistory(log, selection, { after: log.first - 1, upTo: through }, () => 0);
  for (const { entries } of pages) {
    for (const { seq } of entries) log.remove(seq);
    yield;
  }
}

/** The newest kept entry of every matching topic within the range, ascending, as pages. */
export function* readLatest<Entry extends LogEntry>(
  log: TopicLog<Entry>,
  selection: Selection,
  range: Range,
  now: () => number,
): Generator<LogPage<Entry>> {
  const isWanted = toFilter(selection, now);
  const newest: Entry[] = [];
  let examined = 0;
  const topics = log.topicsOf(selection.tenant);
  const byName = !selection.patterns.some(isWildcard);
  if (byName || topics.size <= range.upTo - range.after) {
    const matches = toMatcher(selection.patterns);
    for (const topic of byName ? selection.patterns : topics.keys()) {
      examined += 1;
      if (examined % TURN_EXAMINED === 0) yield { entries: [], through: range.after };
      const list = matches(topic) ? topics.get(topic) : undefined;
      let seq = list?.before(range.upTo + 1) ?? 0;
      while (seq > range.after && !isWanted(log.get(seq))) seq = list?.before(seq) ?? 0;
      if (seq > range.after) newest.push(log.get(seq) as Entry);
    }
    newest.sort((a, b) => b.seq - a.seq);
  } else {
    const seen = new Set<string>();
    for (const seq of candidatesBackwards(log, selection, range)) {
      const entry = log.get(seq);
      examined += 1;
      if (examined % TURN_EXAMINED === 0) yield { entries: [], through: range.after };
      if (!isWanted(entry) || seen.has((entry as Entry).topic)) continue;
      seen.add((entry as Entry).topic);
      newest.push(entry as Entry);
    }
  }
  let entries: Entry[] = [];
  let bytes = 0;
  for (const entry of newest.reverse()) {
    entries.push(entry);
    bytes += entry.bytes;
    if (bytes < PAGE_BYTES && entries.length < TURN_EXAMINED) continue;
    yield { entries, through: entry.seq };
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
  const isWanted = toFilter(selection, now);
  let examined = 0;
  if ('sinceMs' in start) {
    for (const seq of candidates(log, selection, { after: placeBefore(log, start.sinceMs), upTo })) {
      examined += 1;
      if (examined % TURN_EXAMINED === 0) yield;
      if (isWanted(log.get(seq))) return seq - 1;
    }
    return upTo;
  }
  let oldest = upTo + 1;
  let taken = 0;
  for (const seq of candidatesBackwards(log, selection, { after: 0, upTo })) {
    if (taken === start.count) break;
    examined += 1;
    if (examined % TURN_EXAMINED === 0) yield;
    if (!isWanted(log.get(seq))) continue;
    oldest = seq;
    taken += 1;
  }
  return oldest - 1;
}

// The place right before the first entry at or after a time, by halves: times never fall along the log. A hole has the
// time of the next entry that is kept.
function placeBefore(log: TopicLog<LogEntry>, sinceMs: number): number {
  let low = log.first;
  let high = log.last + 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    let probe = middle;
    while (probe < high && log.get(probe) === undefined) probe += 1;
    if ((log.get(probe)?.timeMs ?? Number.POSITIVE_INFINITY) < sinceMs) low = probe + 1;
    else high = middle;
  }
  return low - 1;
}
