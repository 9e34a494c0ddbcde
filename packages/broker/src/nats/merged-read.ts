import type { Message } from '@tidings/protocol';
import type { HistoryPage } from '../port.ts';
import type { DirectGet } from './direct-get.ts';
import type { Read } from './log-reader.ts';
import type { NewestOf } from './news.ts';

interface Cursor {
  readonly subject: string;
  /** A reply that reaches this place has everything of the subject that is in the range. */
  readonly proof: number;
  next: number;
  buffer: Message[];
  done: boolean;
}

const BATCH = 256;
const LEAST_BATCH_BYTES = 8_192;
// For all subjects of a read together: what a slow client's read holds while it waits. A server sends one whole message
// at least, however large it is.
const BUFFER_BYTES = 524_288;
const MOST_HELD_BYTES = 2 * BUFFER_BYTES;
const TOGETHER = 8;
const PAGE_BYTES = 262_144;
// A subject whose newest message was erased meanwhile gives no proof any more: then what is there to read is asked anew.
const MOST_BARREN = 8;

/**
 * Reads each subject on its own and merges them by place: topic after topic would not do, since a cursor covers all
 * topics, and a cut in the middle would lose the later ones. The last page's `through` says how far it came: to the end
 * (`done`), or until it found no proof any more (`unproven`), or too much to hold (`heavy`).
 */
export async function* mergeSubjects(
  sources: readonly NewestOf[],
  { range, pick, patience }: Read,
  directGet: DirectGet,
): AsyncGenerator<HistoryPage, 'done' | 'unproven' | 'heavy'> {
  const { after, upTo } = range;
  const maxBytes = Math.max(LEAST_BATCH_BYTES, Math.floor(BUFFER_BYTES / sources.length));
  const cursors: Cursor[] = sources.map(({ subject, seq }) => ({
    subject,
    proof: Math.min(seq, upTo),
    next: after + 1,
    buffer: [],
    done: false,
  }));

  async function fill(cursor: Cursor): Promise<boolean> {
    const query = { seq: cursor.next, next_by_subj: cursor.subject, batch: BATCH, max_bytes: maxBytes };
    const { messages } = await directGet(query);
    const last = messages.at(-1)?.seq ?? 0;
    for (const message of messages) {
      if (message.seq > upTo) break;
      const event = pick(message);
      if (event !== undefined) cursor.buffer.push(event);
    }
    if (last >= cursor.next) cursor.next = last + 1;
    cursor.done = last >= cursor.proof;
    return last > 0;
  }

  // A few at a time, and no more once enough is held: the rest waits for its turn in the next round.
  async function fillSome(empty: readonly Cursor[]): Promise<boolean[]> {
    const filled: boolean[] = [];
    for (let at = 0; at < empty.length && bytesOf(cursors) <= MOST_HELD_BYTES; at += TOGETHER) {
      filled.push(...(await Promise.all(empty.slice(at, at + TOGETHER).map(fill))));
    }
    return filled;
  }

  while (true) {
    const empty = cursors.filter(({ done, buffer }) => !done && buffer.length === 0);
    const filled = await fillSome(empty);
    patience.signal.throwIfAborted();
    if (empty.length > 0 && !filled.some(Boolean)) {
      if ((await patience.wait()) >= MOST_BARREN) return 'unproven';
      continue;
    }
    if (filled.some(Boolean)) patience.progress();
    const page = takePage(cursors, upTo);
    if (page.messages.length > 0 || page.through === upTo) yield page;
    patience.signal.throwIfAborted();
    if (page.through === upTo) return 'done';
    if (bytesOf(cursors) > MOST_HELD_BYTES) return 'heavy';
  }
}

function bytesOf(cursors: readonly Cursor[]): number {
  let bytes = 0;
  for (const { buffer } of cursors) for (const { data } of buffer) bytes += data.length;
  return bytes;
}

// What can be told now: up to the lowest place at which some subject has not been read yet.
function takePage(cursors: readonly Cursor[], upTo: number): HistoryPage {
  let through = upTo;
  for (const { done, next } of cursors) if (!done) through = Math.min(through, next - 1);
  const messages: Message[] = [];
  let bytes = 0;
  while (true) {
    let lowest: Cursor | undefined;
    for (const cursor of cursors) {
      const seq = cursor.buffer[0]?.seq ?? Number.POSITIVE_INFINITY;
      if (seq <= through && seq < (lowest?.buffer[0]?.seq ?? Number.POSITIVE_INFINITY)) lowest = cursor;
    }
    const message = lowest?.buffer.shift();
    if (message === undefined) return { messages, through };
    messages.push(message);
    bytes += message.data.length;
    if (bytes >= PAGE_BYTES) return { messages, through: message.seq };
  }
}
