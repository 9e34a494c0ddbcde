import { type Certainty, covers, type ExplainReason } from '@tidings/protocol';
import { CLOCK_SKEW_MS } from './knowledge.ts';
import type { AskedEvent, SessionRecord, Stretch } from './session-record.ts';

/** Whether an event was handed to a session's connection, and why not. */
export interface Judgement {
  readonly written: Certainty;
  readonly why: ExplainReason | undefined;
  readonly topics: readonly string[];
  /** `undefined`: the event's topic is not known. */
  readonly matched: readonly string[] | undefined;
  readonly granted: boolean | undefined;
}

/** Infers it from what a journal keeps (ADR 0035): pure, and never more than is known. */
export function judgeSession({ epoch, seq, found }: AskedEvent, record: SessionRecord): Judgement {
  const topics = inForce(record.topics, seq)?.topics ?? [];
  const topic = found.state === 'stored' ? found.topic : undefined;
  const matched = topic === undefined ? undefined : topics.filter((pattern) => covers(pattern, topic));
  const granted = topic === undefined || record.cut ? undefined : isGranted(record, seq, topic, found);
  const judged = (written: Certainty, why?: ExplainReason): Judgement => ({ written, why, topics, matched, granted });

  if (record.epoch !== epoch) return judged('no', 'other-log');
  // Of a place that the session came past something may have been: the log is an older copy of itself.
  if (found.state === 'never' && seq > record.through) return judged('no', 'event-unknown');
  // Written anew from some place, a log has its places again; and the publisher's clock may differ from the edge's.
  if (found.state === 'stored' && (record.closedMs ?? Number.POSITIVE_INFINITY) + CLOCK_SKEW_MS < found.timeMs) {
    return judged(seq > record.through ? 'no' : 'unknown', seq > record.through ? 'closed-before' : 'other-log');
  }
  const { start, through } = record;
  if (start === undefined)
    return record.closedMs === undefined ? judged('no', 'not-yet') : judged('no', 'closed-before');
  // Of what was dropped a replay may have been.
  const replayed = record.cut || isReplayed(record, seq, topic);
  if (seq <= start && !replayed) return judged('no', isWithin(record.gaps, seq) ? 'gap' : 'opened-after');
  if (seq > through) return judged('no', record.closedMs === undefined ? 'not-yet' : 'closed-before');
  const isGone = isWithin(record.gaps, seq);
  if (found.state !== 'stored' || matched === undefined) {
    return isGone && !replayed ? judged('no', 'gap') : judged('unknown', 'event-unknown');
  }
  if (found.exclude === record.id) return judged('no', 'excluded');
  if (record.cut) return judged('unknown', 'forgotten');
  if (matched.length === 0) {
    if (replayed) return judged('unknown', 'replayed');
    return judged('no', 'no-topic');
  }
  if (isUnsettled(record, seq, found.topic)) return judged('unknown', 'changed-meanwhile');
  if (seq <= start) return judged('unknown', 'replayed');
  if (isGone) return judged(replayed ? 'unknown' : 'no', replayed ? 'replayed' : 'gap');
  if (isWithin(record.newestOnly, seq)) return judged('unknown', 'newest-only');
  if (record.unsentBytes > 0) return judged('unknown', 'unsent');
  return judged('yes');
}

// The last one that was in force before the place; the first for what lies before all.
function inForce<Entry extends { readonly after: number }>(entries: readonly Entry[], seq: number): Entry | undefined {
  return entries.findLast(({ after }) => after < seq) ?? entries[0];
}

function isGranted({ grants }: SessionRecord, seq: number, topic: string, found: AskedEvent['found']): boolean {
  if (found.state === 'stored' && found.isPublic) return true;
  return inForce(grants, seq)?.patterns.some((pattern) => covers(pattern, topic)) ?? false;
}

const isWithin = (stretches: readonly Stretch[], seq: number): boolean =>
  stretches.some(({ after, upTo }) => seq > after && seq <= upTo);

const isReplayed = ({ replays }: SessionRecord, seq: number, topic: string | undefined): boolean =>
  replays.some(({ pattern, upTo }) => seq <= upTo && (topic === undefined || covers(pattern, topic)));

// A topic that was added while the session was catching up: a page that was read for the old ones does not hold it.
function isUnsettled({ topics }: SessionRecord, seq: number, topic: string): boolean {
  const asks = (patterns: readonly string[]): boolean => patterns.some((pattern) => covers(pattern, topic));
  return topics.some(
    ({ after, settled, topics: added }, place) =>
      place > 0 && seq > after && seq <= settled && asks(added) && !asks(topics[place - 1]?.topics ?? []),
  );
}
