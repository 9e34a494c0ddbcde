import type { InboxAnswer, InboxCount, Problem } from '@tidings/protocol/client';
import { describeFailure, type HubAnswer } from '../hub-client.ts';
import { formatCount } from '../quantity.ts';
import { toVisibleJson, toVisibleText } from '../visible-json.ts';

/** An event as the list shows it: a publisher chose its name and data, so that both are short here, and read as they are. */
export interface InboxRow {
  readonly id: string;
  readonly name: string | undefined;
  readonly time: string;
  readonly glimpse: string;
  readonly isRead: boolean;
}

/** A page as it is shown. The data of its events, which may be megabytes, is let go. */
export interface InboxView {
  readonly count: InboxCount;
  readonly rows: readonly InboxRow[];
  readonly next: string | undefined;
}

/** What the hub says against a question. */
export interface InboxFault {
  /** It is of the user that was named, and not of the inbox. */
  readonly isOfUser: boolean;
  readonly text: string;
}

const MOST_CHARACTERS = 160;

export function toInboxView({ events, next, ...count }: InboxAnswer): InboxView {
  const rows = events.map(({ id, event, time, data, read }) => ({
    id,
    name: event === undefined ? undefined : toVisibleText(event),
    time,
    glimpse: toGlimpse(data),
    isRead: read,
  }));
  return { count, rows, next };
}

/** The beginning of an event's data: of a text as it is, of anything else as JSON. */
export function toGlimpse(data: unknown): string {
  if (typeof data === 'string') return toVisibleText(cut(data));
  try {
    return cut(toVisibleJson(data));
  } catch {
    // Parsing has no bound to its depth, and writing has.
    return 'JSON that is nested too deep to be shown';
  }
}

function cut(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  // Not within a pair of surrogates.
  return `${text.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** How many are not read, such as `1,000+` where there are more than were counted. */
export const formatUnread = ({ unread, more }: Pick<InboxCount, 'unread' | 'more'>): string =>
  `${formatCount(unread)}${more === true ? '+' : ''}`;

/** Whether there is anything to mark: what was counted may all be read, and not be all that there is. */
export const hasUnread = ({ unread, more }: Pick<InboxCount, 'unread' | 'more'>): boolean =>
  unread > 0 || more === true;

/** How many events a page has. */
export function describeRows({ rows, next }: InboxView): string {
  const count = `${formatCount(rows.length)} ${rows.length === 1 ? 'event' : 'events'}`;
  return next === undefined ? count : `${count}, and older ones`;
}

/** Everything up to this cursor is read; `undefined` where it is the place before the first event. */
export const readUpTo = ({ upTo }: Pick<InboxCount, 'upTo'>): string | undefined =>
  upTo.split('.')[1] === '0' ? undefined : upTo;

export function toInboxFault(answer: HubAnswer): InboxFault {
  const { parameter } = (answer.body ?? {}) as Partial<Problem>;
  return { isOfUser: parameter === 'user', text: describeFailure(answer) };
}
