import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker, HistoryPage } from '@tidings/broker';
import { type LogPage, readHistory, readLatest, type TopicLog } from '@tidings/broker/log';
import { encodeCursor } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Feed } from './feed.ts';
import { Item } from './item.ts';
import type { Session } from './session.ts';
import type { TimerWheel } from './timer-wheel.ts';

export interface CatchUpParts {
  readonly broker: Broker;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** How long a connection may stay full before it is closed as slow. */
  readonly lagMaxMs: number;
}

/**
 * Feeds a session from its own position until it has reached the feed, then lets it go live. At most one runs for a
 * session at a time. From the ring where the ring has it, else from the broker's history; never faster than the client
 * reads.
 * @param newestUpTo up to this place only the newest event of each topic is sent (`replay=last`).
 * @throws whatever the broker's reads throw; the reason of `signal` when it is aborted.
 */
export async function catchUp(
  session: Session,
  newestUpTo: number,
  parts: CatchUpParts,
  signal: AbortSignal,
): Promise<void> {
  const { feed } = parts;
  while (!session.closed) {
    if (session.outbox.full) {
      await waitForRoom(session, parts);
      continue;
    }
    // No await may stand between the last read and this: what is published meanwhile would be lost.
    if (session.position >= feed.position) return session.goLive();
    const { position } = session;
    const newestOnly = position < newestUpTo || (session.lagged && session.lag === 'latest');
    const range = { after: position, upTo: position < newestUpTo ? newestUpTo : feed.position };
    if (position + 1 >= feed.ring.first) {
      const read = newestOnly ? readLatest : readHistory;
      await writeRing(
        session,
        read(feed.ring, session.selection, range, () => parts.clock.now()),
        feed.ring,
      );
    } else {
      await writeHistory(session, range, newestOnly, parts, signal);
    }
  }
}

// Ends after the pages, or when the connection is full or closed.
async function writeRing(session: Session, pages: Generator<LogPage<Item>>, ring: TopicLog<Item>): Promise<void> {
  let page = pages.next();
  while (!page.done) {
    if (!writePage(session, page.value.entries, page.value.through)) return;
    // What left the ring in the last turn would be missing in the next page: history still has it.
    if (session.position + 1 < ring.first) return;
    page = pages.next();
    // A turn for the others after each full page, and none after the last: the caller may go live at once.
    if (!page.done) await nextTurn();
  }
}

async function writeHistory(
  session: Session,
  range: { after: number; upTo: number },
  newestOnly: boolean,
  { broker, feed }: CatchUpParts,
  signal: AbortSignal,
): Promise<void> {
  if (await skipEvicted(session, broker, feed)) return;
  // The ring has everything after its first place, so history need not go further.
  const upTo = newestOnly ? range.upTo : Math.min(range.upTo, feed.ring.first - 1);
  const read = newestOnly ? broker.latest : broker.history;
  const pages: AsyncIterable<HistoryPage> = read.call(broker, session.selection, { after: range.after, upTo }, signal);
  for await (const { messages, through } of pages) {
    const items = messages.map((message) => new Item(message, feed.epoch));
    // What was evicted while the page was read might be missing in it: look before it is believed.
    if (await skipEvicted(session, broker, feed)) return;
    if (!writePage(session, items, through)) return;
  }
}

// Whether the session's next place is evicted already: then it is told, and goes on from the oldest that is kept.
async function skipEvicted(session: Session, broker: Broker, feed: Feed): Promise<boolean> {
  const { first } = await broker.bounds();
  if (session.closed || first <= session.position + 1) return session.closed;
  session.gap(encodeCursor(feed.epoch, session.position), first - 1, 'expired');
  return true;
}

// Writes until the connection is full; the position then stands at the last event written. Answers whether all went out.
function writePage(session: Session, items: readonly Item[], through: number): boolean {
  for (const item of items) {
    if (session.closed || session.outbox.full) return false;
    session.write(item);
    session.position = item.seq;
  }
  if (session.closed) return false;
  session.position = through;
  return true;
}

async function waitForRoom(session: Session, { wheel, lagMaxMs }: CatchUpParts): Promise<void> {
  const timer = wheel.after(lagMaxMs, () => session.close('slow'));
  await session.outbox.drained();
  timer.cancel();
}
