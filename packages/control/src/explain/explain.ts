import { type ExplainReason, type Explanation, encodeCursor, type SessionExplanation } from '@tidings/protocol';
import { conclude } from './conclude.ts';
import { eventMs, wholeSinceMs } from './knowledge.ts';
import type { AskedEvent, JournalPart, SessionRecord } from './session-record.ts';
import type { Settled } from './settle-session.ts';

const WHY: Readonly<Record<ExplainReason, string>> = {
  'no-topic': 'it followed no topic that matches',
  'opened-after': 'it was opened after the event, and came with no cursor from before it',
  excluded: 'the publisher excluded this very session',
  gap: 'history had lost the event when the stream came to it, and the client was told so by hub.gap',
  'closed-before': 'it ended before the event came to it',
  'not-yet': 'it is behind, and has not come to the event yet',
  'other-log': 'it belongs to another log than the event, or to the same before that was written anew',
  'event-unknown': 'nothing is known of the event’s topic any more',
  'newest-only': 'it was sent the newest events of its topics alone there, and this may not have been one',
  replayed: 'the past of a topic was replayed to it there, as far as it was kept',
  'changed-meanwhile': 'its topics changed while it was read for',
  forgotten: 'its topics changed so often that not all of that is kept',
  unsent: 'it was handed to the connection, which had not taken all of it at the end',
};

const EVENT: Readonly<Record<AskedEvent['found']['state'], string>> = {
  stored: 'It is stored',
  evicted: 'Its part of history is gone by age or size',
  gone: 'It is not kept any more: it has expired or was erased, or no event has this place',
  never: 'There never was such an event',
  'other-log': 'The id is of another log than the present one',
};

/** Puts the answer together from what all nodes say of a user: pure; every sentence is of what is known alone. */
export function explain(user: string, asked: AskedEvent, parts: readonly JournalPart[]): Explanation {
  const { delivered, lost, complete, sessions: settled } = conclude(asked, parts);
  const sessions = settled.map((each) => toSession(each.record, each.settled));
  const { found } = asked;
  const sinceMs = eventMs(asked);
  return {
    conclusion: toConclusion(delivered, asked, sessions, parts, lost.length, complete),
    delivered,
    user,
    event: {
      id: encodeCursor(asked.epoch, asked.seq),
      state: found.state,
      ...(found.state === 'stored' && {
        topic: found.topic,
        ...(found.event !== '' && { event: found.event }),
        time: toTime(found.timeMs),
        ...(found.exclude !== '' && { exclude: found.exclude }),
      }),
    },
    sessions,
    nodes: parts.map((part) => ({
      node: part.node,
      since: toTime(part.sinceMs),
      journal: part.isOn,
      complete: wholeSinceMs(part) <= sinceMs,
    })),
    lost: lost.map((each) => ({ node: each.node, since: toTime(each.sinceMs), heard: toTime(each.heardMs) })),
  };
}

function toSession(record: SessionRecord, settled: Settled): SessionExplanation {
  const { written, why, topics, matched, granted, acknowledged, by } = settled;
  const { closedMs, end, given } = record;
  return {
    id: record.id,
    edge: record.node,
    opened: toTime(record.openedMs),
    ...(closedMs !== undefined && { closed: toTime(closedMs) }),
    ...(end !== undefined && { end }),
    topics,
    ...(matched !== undefined && { matched }),
    ...(granted !== undefined && { granted }),
    ...(given !== undefined && { resumedFrom: given }),
    written,
    ...(written === 'yes' && { writtenBy: toTime(record.atMs) }),
    ...(why !== undefined && { why }),
    acknowledged,
    ...(by !== undefined && acknowledged === 'yes' && { acknowledgedBy: { session: by.id, at: toTime(by.openedMs) } }),
    text: toText(written, why, granted, acknowledged, by),
  };
}

function toText(
  written: SessionExplanation['written'],
  why: ExplainReason | undefined,
  granted: boolean | undefined,
  acknowledged: SessionExplanation['acknowledged'],
  by: SessionRecord | undefined,
): string {
  if (written === 'yes') {
    if (acknowledged === 'yes')
      return `Written, and had by the client: it came back as ${by?.id} with a cursor after it.`;
    if (acknowledged === 'no')
      return `Written, and not had by the client: it came back as ${by?.id} with a cursor before it.`;
    return 'Written to its connection; whether the client had it is not known.';
  }
  const reason = why === undefined ? '' : `: ${WHY[why]}`;
  const grant = why === 'no-topic' && granted === false ? ', and its token grants none' : '';
  return `${written === 'no' ? 'Not written' : 'Not known'}${reason}${grant}.`;
}

function toConclusion(
  delivered: Explanation['delivered'],
  asked: AskedEvent,
  sessions: readonly SessionExplanation[],
  parts: readonly JournalPart[],
  lost: number,
  complete: boolean,
): string {
  const event = `${EVENT[asked.found.state]}.`;
  if (parts.every(({ isOn }) => !isOn)) {
    return `${event} No node keeps a journal (TIDINGS_JOURNAL_MAX_BYTES), so nothing is known of the user’s streams then.`;
  }
  const count = `${sessions.length} ${sessions.length === 1 ? 'session' : 'sessions'} of the user ${sessions.length === 1 ? 'is' : 'are'} known.`;
  if (delivered === 'acknowledged')
    return `${event} The user had it: it was written, and the client came back with a cursor after it.`;
  if (delivered === 'written')
    return `${event} It was written to a stream of the user; whether it arrived is not known. ${count}`;
  if (delivered === 'no') return `${event} It was written to no stream of the user. ${count}`;
  const missing =
    lost > 0
      ? ` ${lost} ${lost === 1 ? 'node that served' : 'nodes that served'} since is gone, with what it knew.`
      : '';
  const isWitnessed = parts.some((part) => part.isOn && part.hearsSinceMs <= eventMs(asked));
  const gaps = isWitnessed
    ? 'Not every node knows all since then.'
    : 'No node that answers knows which nodes there were then.';
  return `${event} Whether the user got it is not known. ${count}${missing}${complete ? '' : ` ${gaps}`}`;
}

const toTime = (ms: number): string => new Date(ms).toISOString();
