import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { FeedSink } from '../port.ts';
import { createDirectGet } from './direct-get.ts';
import { createFollowerVoice } from './follower.ts';
import { createJetStreamApi, whileAway } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { createLiveFeed, type LiveFeed } from './live-feed.ts';
import { createLogReader, type LogReader } from './log-reader.ts';
import type { LogWatch } from './log-watch.ts';
import { createErasures } from './purge.ts';
import type { ReplyInbox } from './reply-inbox.ts';
import { ALL_STORED } from './subject.ts';

/** What a process has that follows the log: its feed, and the way back into history. */
export interface Following {
  readonly feed: LiveFeed;
  readonly reader: LogReader;
  close(): Promise<void>;
}

export interface FollowingParts {
  readonly live: Link;
  readonly replay: Link;
  readonly inbox: ReplyInbox;
  readonly watch: LogWatch;
  readonly sink: FeedSink;
  /** Names this process among the followers. */
  readonly id: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly repair: boolean;
  readonly signal: AbortSignal;
}

/** Subscribes, then reads the head, in this order: what falls between is held, and not lost. */
export async function createFollowing(parts: FollowingParts): Promise<Following> {
  const { live, replay, watch, clock, log, metrics, signal } = parts;
  const api = createJetStreamApi(replay.client);
  const directGet = createDirectGet(replay, parts.inbox);
  const erasures = createErasures(clock);
  const { feed, start } = createLiveFeed({
    live,
    replay,
    directGet,
    api,
    sink: parts.sink,
    clock,
    log,
    metrics,
    repair: parts.repair,
    onRegress: () => void watch.ask().catch(() => {}),
    onPurge: (selection, through) => erasures.add(selection, through),
    onPurged: () => voice.say(),
  });
  const voice = createFollowerVoice(replay, parts.id, clock, () => ({ epoch: watch.epoch, position: feed.position }));
  await live.client.flush();
  const { state } = await whileAway(() => watch.ask(), signal);
  const head = await api.next(state.last_seq, ALL_STORED).catch(() => undefined);
  start(watch.epoch, state.last_seq, { timeMs: Date.parse(state.last_ts) || 0, subject: head?.subject ?? '' });
  voice.say();
  const reader = createLogReader({ directGet, api, watch, clock, metrics, erasures, newest: () => feed.newest });
  return {
    feed,
    reader,
    async close() {
      feed.close();
      voice.leave();
      // What was said last must go out before the connection is closed.
      if (replay.connected) await replay.client.flush().catch(() => {});
    },
  };
}
