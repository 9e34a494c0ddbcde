import type { Broker, Selection } from '@tidings/broker';
import { type Cursor, type GapReason, MAX_CURSOR_CHARACTERS, parseCursor } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Feed } from './feed.ts';
import { boundsOf, type Cancellation } from './read-deadline.ts';
import type { Replay, StreamWish } from './stream-wish.ts';

/** Where a stream begins. */
export interface Join {
  /** Everything up to here counts as done; the id of `hub.hello`. */
  readonly position: number;
  /** The cursor that was given is honoured exactly. */
  readonly resumed: boolean;
  readonly gap: { readonly from: string; readonly reason: GapReason } | undefined;
  /** Up to here only the newest event of each topic is sent; 0 for none. */
  readonly newestUpTo: number;
}

export interface JoinParts {
  readonly broker: Broker;
  readonly feed: Feed;
  readonly clock: Clock;
  /** How long a cursor that is ahead of this edge's feed is waited for; 0 where the feed can't be behind. */
  readonly aheadWaitMs: number;
}

const AHEAD_POLL_MS = 50;

/** How what a stream wants stands to the feed. */
export interface Following {
  /** Where the feed was when the stream was asked for: whoever publishes once a page sees it open, publishes after. */
  readonly head: number;
  /** The feed has every event of the selection after this place; `Infinity` while it is not followed. */
  readonly fedFrom: number;
}

/** Finds where a stream begins: by its cursor if it has one, else by what it wants replayed. */
export async function findJoin(
  wish: StreamWish,
  selection: Selection,
  following: Following,
  parts: JoinParts,
  cancellation: Cancellation,
): Promise<Join> {
  if (wish.cursor !== undefined) return joinByCursor(wish.cursor, following, parts, cancellation);
  return joinByReplay(wish, selection, following, parts, cancellation);
}

async function joinByCursor(
  text: string,
  { fedFrom }: Following,
  parts: JoinParts,
  cancellation: Cancellation,
): Promise<Join> {
  const { broker, feed } = parts;
  const from = text.slice(0, MAX_CURSOR_CHARACTERS);
  const reset = (): Join => ({
    position: feed.position,
    resumed: false,
    gap: { from, reason: 'reset' },
    newestUpTo: 0,
  });
  const cursor = parseCursor(text);
  if (cursor === undefined || cursor.epoch !== feed.epoch) return reset();
  const resume: Join = { position: cursor.seq, resumed: true, gap: undefined, newestUpTo: 0 };
  if (cursor.seq > feed.position) return (await isReached(cursor, parts, cancellation.signal)) ? resume : reset();
  if (cursor.seq + 1 >= feed.ring.first && cursor.seq >= fedFrom) return resume;
  const { first } = await boundsOf(broker, cancellation.signal);
  if (first <= cursor.seq + 1) return resume;
  return { position: first - 1, resumed: false, gap: { from, reason: 'expired' }, newestUpTo: 0 };
}

/**
 * Whether the log has reached a place that this edge has not been fed yet. Another edge may have been fed further: that
 * is no error. A place that the log itself has not reached is of a log that was lost.
 */
export async function isReached(cursor: Cursor, parts: JoinParts, signal: AbortSignal): Promise<boolean> {
  const { broker, feed, clock, aheadWaitMs } = parts;
  for (let waitedMs = 0; waitedMs < aheadWaitMs && feed.position < cursor.seq; waitedMs += AHEAD_POLL_MS) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => clock.after(AHEAD_POLL_MS, resolve));
  }
  const reached = feed.position >= cursor.seq || (await boundsOf(broker, signal)).last >= cursor.seq;
  // The log may have been recreated while we waited.
  return reached && cursor.epoch === feed.epoch;
}

async function joinByReplay(
  wish: StreamWish,
  selection: Selection,
  { head }: Following,
  parts: JoinParts,
  cancellation: Cancellation,
): Promise<Join> {
  const start = await findReplay(wish.replay, selection, head, parts.broker, cancellation);
  return { ...start, resumed: false, gap: undefined };
}

/** Where a replay of what lies up to `head` begins: `head` itself when there is nothing to replay. */
export async function findReplay(
  replay: Replay,
  selection: Selection,
  head: number,
  broker: Broker,
  cancellation: Cancellation,
): Promise<Pick<Join, 'position' | 'newestUpTo'>> {
  if (replay === 'none') return { position: head, newestUpTo: 0 };
  const { signal } = cancellation;
  if (replay !== 'last') {
    const start = replay === 'all' ? { sinceMs: 0 } : replay;
    return { position: await broker.startOf(selection, start, head, signal), newestUpTo: 0 };
  }
  for await (const { messages } of broker.latest(selection, { after: 0, upTo: head }, signal)) {
    const oldest = messages[0];
    if (oldest !== undefined) return { position: oldest.seq - 1, newestUpTo: head };
  }
  return { position: head, newestUpTo: 0 };
}
