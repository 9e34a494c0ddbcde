import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { FeedSink } from '../port.ts';
import { createDirectGet, type DirectGet, limited } from './direct-get.ts';
import type { FeedScope } from './feed-scope.ts';
import { flushed } from './flushed.ts';
import { createFollowerVoice } from './follower.ts';
import { createJetStreamApi, type JetStreamApi, whileAway } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { createLiveFeed, type LiveFeed, type Newest } from './live-feed.ts';
import { createLogReader, type LogReader } from './log-reader.ts';
import type { LogWatch } from './log-watch.ts';
import { createErasures, type Erasures, parsePurge } from './purge.ts';
import type { ReplyInbox } from './reply-inbox.ts';
import { epochOf } from './stream-config.ts';
import { ALL_STORED, PURGES } from './subject.ts';

/** What a process has that follows the log: its feed, and the way back into history. */
export interface Following {
  readonly feed: LiveFeed;
  readonly reader: LogReader;
  close(): void;
}

export interface FollowingParts {
  readonly live: Link;
  readonly replay: Link;
  readonly scope: FeedScope;
  readonly inbox: ReplyInbox;
  readonly watch: LogWatch;
  readonly sink: FeedSink;
  /** Names this process among the followers. */
  readonly id: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly repair: boolean;
  readonly traces?: boolean;
  /** The feed that will start: whoever hears of another log tells it. */
  onFeed(feed: LiveFeed): void;
  onRegress(rewritten: boolean): void;
  readonly signal: AbortSignal;
}

// Each read's answers may hold a megabyte on their way. The feed's own repair waits behind nobody.
const READS_AT_ONCE = 8;
// For as long as an erasure is remembered by those who were there: a replica that is behind may still offer the erased.
const MARKERS_MS = 600_000;

/** Subscribes, then reads the head, in this order: what falls between is found by the first repair, and not lost. */
export async function createFollowing(parts: FollowingParts): Promise<Following> {
  const { live, replay, scope, watch, clock, log, metrics, signal } = parts;
  const api = createJetStreamApi(replay.client);
  const directGet = createDirectGet(replay, parts.inbox);
  const erasures = createErasures(clock);
  const { feed, start } = createLiveFeed({
    live,
    replay,
    scope,
    directGet,
    api,
    sink: parts.sink,
    clock,
    log,
    metrics,
    repair: parts.repair,
    traces: parts.traces ?? false,
    onRegress: parts.onRegress,
    onPurge: (selection, through) => erasures.add(selection, through),
    onPurged: () => voice.say(),
    onRestart: (place) => erasures.endAt(place),
  });
  const voice = createFollowerVoice(replay, parts.id, clock, () => ({
    epoch: watch.epoch,
    position: feed.position,
    ...(scope.listensToIndex && { index: true }),
  }));
  const close = (): void => {
    feed.close();
    voice.leave();
  };
  try {
    parts.onFeed(feed);
    await flushed(live, signal);
    while (true) {
      const info = await whileAway(() => watch.ask(), signal);
      const { first_seq: first, last_seq: last, last_ts: stamp } = info.state;
      const head = await whileAway(() => api.next(last, ALL_STORED), signal);
      await recallErasures({ api, directGet, erasures }, { first, last, sinceMs: clock.now() - MARKERS_MS }, signal);
      // It may have become another log since: then nothing that was read of it counts.
      if (watch.epoch !== epochOf(info)) {
        erasures.endAt(0);
        continue;
      }
      start(watch.epoch, last, { timeMs: Date.parse(stamp) || 0, subject: head?.subject ?? '' });
      break;
    }
  } catch (error) {
    close();
    throw error;
  }
  voice.say();
  const limitedGet = limited(directGet, READS_AT_ONCE);
  const isClosed = (): boolean => replay.closed;
  const newest = (): Newest => feed.newest;
  const reader = createLogReader({ directGet: limitedGet, api, watch, clock, metrics, erasures, newest, isClosed });
  return { feed, reader, close };
}

// The purges of the last minutes that the log itself holds.
async function recallErasures(
  { api, directGet, erasures }: { api: JetStreamApi; directGet: DirectGet; erasures: Erasures },
  { first, last, sinceMs }: { first: number; last: number; sinceMs: number },
  signal: AbortSignal,
): Promise<void> {
  const recent = await directGet({ start_time: new Date(sinceMs).toISOString(), batch: 1 });
  for (let from = recent.messages[0]?.seq ?? first; from <= last; ) {
    const marker = await whileAway(() => api.next(from, PURGES), signal);
    if (marker === undefined) return;
    const selection = parsePurge(Buffer.from(marker.data ?? '', 'base64'));
    if (selection !== undefined) erasures.add(selection, marker.seq - 1);
    from = marker.seq + 1;
  }
}
