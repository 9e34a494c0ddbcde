import type { Selection } from '@tidings/broker';
import { compactReads, isRead, MAX_SINGLE_READS, type ReadState } from '@tidings/control';
import { type Message, TidingsError } from '@tidings/protocol';
import type { JoinParts } from './join.ts';
import type { ReadBudget } from './read-budget.ts';

/** What the inbox of a user is read from. */
export interface InboxSource extends JoinParts {
  readonly reads: ReadBudget;
}

/** Some events of an inbox, and whether it has older ones. */
export interface InboxPage {
  /** Oldest first. */
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
}

/** Events that are not read. */
export interface Unread {
  readonly unread: number;
  /** There are more than were counted. */
  readonly more: boolean;
}

/** The most unread events that are counted. */
const MAX_UNREAD = 1_000;
// Of events of the largest size a thousand would be a gigabyte.
const MAX_COUNTED_BYTES = 16_777_216;
const MAX_PAGE_BYTES = 4_194_304;

/** The newest `limit` events up to a place; fewer where they are large, but one at least. */
export async function readNewest(
  selection: Selection,
  upTo: number,
  limit: number,
  { broker, reads }: InboxSource,
  signal: AbortSignal,
): Promise<InboxPage> {
  const leave = await reads.enter(signal);
  try {
    // One more shows that there is one.
    const after = await broker.startOf(selection, { count: limit + 1 }, upTo, signal);
    const messages: Message[] = [];
    let bytes = 0;
    let dropped = 0;
    for await (const page of broker.history(selection, { after, upTo }, signal)) {
      for (const message of page.messages) {
        messages.push(message);
        bytes += message.data.length;
        while (messages.length > limit || (bytes > MAX_PAGE_BYTES && messages.length > 1)) {
          bytes -= messages.shift()?.data.length ?? 0;
          dropped += 1;
        }
      }
    }
    return { messages, hasOlder: dropped > 0 };
  } finally {
    leave();
  }
}

/**
 * Counts what is not read up to a place, from the newest events where they are all that can be, else from history.
 *
 * Cost: nothing beyond the page where it reaches back to what is read; else up to 1,000 unread events and those read one by
 * one between them, and 16 MiB.
 */
export async function countUnread(
  selection: Selection,
  state: ReadState,
  upTo: number,
  page: InboxPage | undefined,
  source: InboxSource,
  signal: AbortSignal,
): Promise<Unread> {
  const oldest = page?.messages[0];
  if (page !== undefined && (!page.hasOlder || (oldest !== undefined && oldest.seq <= state.upTo))) {
    return { unread: page.messages.filter(({ seq }) => !isRead(state, seq)).length, more: false };
  }
  let unread = 0;
  let bytes = 0;
  for await (const { seq, data } of readAfter(selection, state.upTo, upTo, source, signal)) {
    if (!isRead(state, seq)) unread += 1;
    bytes += data.length;
    if (unread > MAX_UNREAD || bytes > MAX_COUNTED_BYTES) return { unread: Math.min(unread, MAX_UNREAD), more: true };
  }
  return { unread, more: false };
}

/**
 * A state of no more single places than may be kept: where it has too many, those before the oldest event that is not read
 * become one place.
 * @throws TidingsError `too-many-read` when that is not enough.
 */
export async function withinBounds(
  selection: Selection,
  state: ReadState,
  source: InboxSource,
  signal: AbortSignal,
): Promise<ReadState> {
  if (state.singles.length <= MAX_SINGLE_READS) return state;
  const upTo = source.feed.position;
  let allReadTo = upTo;
  for await (const { seq } of readAfter(selection, state.upTo, upTo, source, signal)) {
    if (isRead(state, seq)) continue;
    allReadTo = seq - 1;
    break;
  }
  const compact = compactReads(state, allReadTo);
  if (compact.singles.length <= MAX_SINGLE_READS) return compact;
  throw new TidingsError(
    'too-many-read',
    `Beyond its oldest unread event an inbox keeps ${MAX_SINGLE_READS} single events as read: say upTo.`,
    { pointer: '/ids' },
  );
}

async function* readAfter(
  selection: Selection,
  after: number,
  upTo: number,
  { broker, reads }: InboxSource,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  if (after >= upTo) return;
  const leave = await reads.enter(signal);
  try {
    for await (const { messages } of broker.history(selection, { after, upTo }, signal)) yield* messages;
  } finally {
    leave();
  }
}
