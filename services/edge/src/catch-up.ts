import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker, Cluster, HistoryPage, Selection } from '@tidings/broker';
import { type LogPage, readHistory, readLatest, type TopicLog } from '@tidings/broker/log';
import type { TenantTallies } from '@tidings/control';
import type { GapReason } from '@tidings/protocol';
import type { Clock, Metrics } from '@tidings/runtime';
import { cursorOf, type Feed } from './feed.ts';
import { untilInTouch } from './in-touch.ts';
import { Item } from './item.ts';
import type { Outbox } from './outbox.ts';
import type { ReadBudget } from './read-budget.ts';
import { boundsOf, type Cancellation } from './read-deadline.ts';
import type { Session } from './session.ts';
import type { TimerWheel } from './timer-wheel.ts';

export interface CatchUpParts {
  readonly broker: Broker;
  readonly cluster: Cluster;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
  readonly tallies: TenantTallies;
  readonly reads: ReadBudget;
  /** How long a connection may stay full before it is closed as slow. */
  readonly lagMaxMs: number;
}

/** Who is fed a stretch of the log: a session, or the replay of a topic on one. */
export interface Reader {
  readonly closed: boolean;
  readonly outbox: Outbox;
  readonly selection: Selection;
  /** The feed has every event of the selection after this place; of what lies before, only history has all. */
  readonly fedFrom: number;
  /** Events written. */
  readonly delivered: number;
  /** Everything up to here is done. */
  position: number;
  write(item: Item): void;
  /** What lay between is gone; it goes on from `to`. */
  gap(from: string, to: number, reason: GapReason): void;
}

// A client that takes nothing for this long, or keeps others waiting, gives back what was read for it, and keeps its
// position alone.
const PATIENCE_MS = 1_000;

/**
 * Feeds a session from its own position until it has reached the feed, then lets it go live. At most one runs for a
 * session at a time. From the ring where the ring has it, else from the broker's history; never faster than the client
 * reads.
 * @param newestUpTo up to this place only the newest event of each topic is sent (`replay=last`).
 * @throws whatever the broker's reads throw; the reason of the signal when it is aborted.
 */
export async function catchUp(
  session: Session,
  newestUpTo: number,
  parts: CatchUpParts,
  cancellation: Cancellation,
): Promise<void> {
  const { feed } = parts;
  while (!session.closed) {
    // Who fell behind has nothing to be fed yet, and must not go live before the connection has room again.
    if (session.outbox.full) {
      await waitForRoom(session, parts);
      continue;
    }
    // No await may stand between the last read and this: what is published meanwhile would be lost. What lies after the
    // ring's last place holds nothing, however far the feed is.
    if (session.position >= feed.ring.last && session.position >= session.fedFrom) return session.goLive();
    if (!parts.cluster.inTouch) {
      await untilInTouch(parts.cluster, parts.clock, cancellation);
      continue;
    }
    const { position } = session;
    const newestOnly = position < newestUpTo || (session.lagged && session.lag === 'latest');
    // What was not fed here yet is read from history, as far as the feed has come.
    const last = Math.min(Math.max(feed.ring.last, session.fedFrom), feed.position);
    await readOn(session, position < newestUpTo ? newestUpTo : last, newestOnly, parts, cancellation);
  }
}

/**
 * Feeds a reader, whose session is paused, up to a place that was passed. It ends early when the session is closed.
 * @throws as `catchUp`.
 */
export async function readUpTo(
  reader: Reader,
  upTo: number,
  newestOnly: boolean,
  session: Session,
  parts: CatchUpParts,
  cancellation: Cancellation,
): Promise<void> {
  while (!reader.closed && reader.position < upTo) {
    if (reader.outbox.full) await waitForRoom(session, parts);
    else if (!parts.cluster.inTouch) await untilInTouch(parts.cluster, parts.clock, cancellation);
    else await readOn(reader, upTo, newestOnly, parts, cancellation);
  }
}

// Some of the way, from the ring or from history: at least a page, unless the client takes nothing.
async function readOn(
  reader: Reader,
  upTo: number,
  newestOnly: boolean,
  parts: CatchUpParts,
  cancellation: Cancellation,
): Promise<void> {
  const { ring } = parts.feed;
  const range = { after: reader.position, upTo };
  if (reader.position + 1 >= ring.first && reader.position >= reader.fedFrom) {
    const read = newestOnly ? readLatest : readHistory;
    const pages = read(ring, reader.selection, range, () => parts.clock.now());
    await writeRing(reader, pages, ring, parts);
    return;
  }
  const { signal } = cancellation;
  const leave = await parts.reads.enter(signal);
  await writeHistory(reader, range, newestOnly, parts, signal).finally(leave);
}

// Ends after the pages, when the reader is closed, when its client takes nothing, when something of the page was erased,
// or when the ring was overrun.
async function writeRing(
  reader: Reader,
  pages: Generator<LogPage<Item>>,
  ring: TopicLog<Item>,
  parts: CatchUpParts,
): Promise<void> {
  const erasures = parts.feed.erasures.count;
  let page = pages.next();
  while (!page.done) {
    if (!(await writePage(reader, page.value.entries, page.value.through, erasures, parts))) return;
    // What left the ring in the last turn would be missing in the next page: history still has it.
    if (reader.position + 1 < ring.first) return;
    page = pages.next();
    // A turn for the others after each page, and none after the last: the caller may go live at once.
    if (!page.done) await nextTurn();
  }
}

async function writeHistory(
  reader: Reader,
  range: { after: number; upTo: number },
  newestOnly: boolean,
  parts: CatchUpParts,
  signal: AbortSignal,
): Promise<void> {
  const { broker, feed } = parts;
  const erasures = feed.erasures.count;
  if (await skipEvicted(reader, parts, signal)) return;
  // The ring has everything after its first place and what was followed since, so history need not go further.
  const upTo = newestOnly ? range.upTo : Math.min(range.upTo, Math.max(feed.ring.first - 1, reader.fedFrom));
  const read = newestOnly ? broker.latest : broker.history;
  const pages: AsyncIterable<HistoryPage> = read.call(broker, reader.selection, { after: range.after, upTo }, signal);
  for await (const { messages, through } of pages) {
    const items = messages.map((message) => new Item(message, feed.epoch));
    // What was evicted while the page was read might be missing in it: look before it is believed.
    if (await skipEvicted(reader, parts, signal)) return;
    if (!(await writePage(reader, items, through, erasures, parts))) return;
    // A long replay may not keep others from a short one: it goes on when they have had their turn.
    if (parts.reads.contended) return;
  }
}

// Whether the reader's next place is evicted already: then it is told, and goes on from the oldest that is kept.
async function skipEvicted(reader: Reader, { broker, feed }: CatchUpParts, signal: AbortSignal): Promise<boolean> {
  const { first } = await boundsOf(broker, signal);
  if (reader.closed || first <= reader.position + 1) return reader.closed;
  reader.gap(cursorOf(feed, reader.position), first - 1, 'expired');
  return true;
}

// Writes a page, waiting where the connection is full; the position always stands at the last event written. Answers
// whether the whole page was: not when it was closed, its client takes nothing, or some of it was erased since there were
// so many erasures, and has to be read anew.
async function writePage(
  reader: Reader,
  items: readonly Item[],
  through: number,
  erasures: number,
  parts: CatchUpParts,
): Promise<boolean> {
  const before = reader.delivered;
  let written = 0;
  for (const item of items) {
    if (reader.outbox.full) await waitAMoment(reader, parts);
    if (reader.closed || reader.outbox.full || parts.feed.erasures.mayHide(item, erasures)) break;
    reader.write(item);
    reader.position = item.seq;
    written += 1;
  }
  parts.metrics.eventsDelivered.inc(reader.delivered - before);
  parts.tallies.replayed(reader.selection.tenant, reader.delivered - before);
  if (reader.closed || written < items.length) return false;
  reader.position = through;
  return true;
}

// While nobody else needs the place, a client may take its time with what was read for it, as long as it takes any of it.
const waitAMoment = ({ outbox }: Reader, { wheel, reads }: CatchUpParts): Promise<void> =>
  waitWhileTaking(
    outbox,
    wheel,
    PATIENCE_MS,
    () => outbox.stopWaiting(),
    () => reads.contended,
  );

// A client that reads slowly is given time for as long as it reads at all.
const waitForRoom = (session: Session, { wheel, lagMaxMs }: CatchUpParts): Promise<void> =>
  waitWhileTaking(session.outbox, wheel, lagMaxMs, () => session.close('slow'));

// Resolves when there is room, or after `giveUp`: called when the client took nothing for `patienceMs`, or when they are
// over and there is a hurry. It must end the wait.
async function waitWhileTaking(
  outbox: Outbox,
  wheel: TimerWheel,
  patienceMs: number,
  giveUp: () => void,
  isHurried: () => boolean = () => false,
): Promise<void> {
  let { takenBytes } = outbox;
  const look = (): void => {
    if (isHurried() || outbox.takenBytes <= takenBytes) {
      giveUp();
      return;
    }
    takenBytes = outbox.takenBytes;
    timer = wheel.after(patienceMs, look);
  };
  let timer = wheel.after(patienceMs, look);
  await outbox.makeRoom();
  timer.cancel();
}
