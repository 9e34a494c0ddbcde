import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { Msg } from 'nats';
import type { FeedSink, Selection } from '../port.ts';
import type { DirectGet } from './direct-get.ts';
import { decodeEvent, isLiveOnly, stampOf } from './event-message.ts';
import { readTrace } from './event-trace.ts';
import { FeedOrder } from './feed-order.ts';
import { createFeedRepair, type FeedRepair, type RepairCause } from './feed-repair.ts';
import type { FeedScope } from './feed-scope.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { createFeedReader, type FeedEntry } from './live-message.ts';
import { toRawMessage } from './raw-message.ts';
import { createRecentStamps } from './recent-stamps.ts';
import { createAddressBook } from './subject.ts';

/** When the newest message that was fed was stored, and its subject; at first of the log's head. */
export interface Newest {
  readonly timeMs: number;
  /** Empty when it is not known. */
  readonly subject: string;
}

/** The live feed of a process, in order and without a hole. */
export interface LiveFeed {
  readonly position: number;
  readonly newest: Newest;
  /** The log is another one now: go on from its head. */
  restart(epoch: string, head: number): void;
  close(): void;
}

export interface LiveFeedParts {
  readonly live: Link;
  readonly replay: Link;
  /** How much of the log comes here. */
  readonly scope: FeedScope;
  readonly directGet: DirectGet;
  readonly api: JetStreamApi;
  readonly sink: FeedSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /**
   * A message came from a place that was fed already: the log may be another. @param rewritten it is another message than
   * the one that was fed from there: the end of the log was lost, and written anew.
   */
  onRegress(rewritten: boolean): void;
  /** A purge was read from the log; the sink is told next. */
  onPurge(selection: Selection, through: number): void;
  /** The sink was told. */
  onPurged(): void;
  /** What was erased after this place was erased from what the log does not hold any more. */
  onRestart(place: number): void;
  /** Switched off only to show that a test sees what is lost without it. */
  readonly repair: boolean;
  /** Whether the sink is told the spans that events were published by. */
  readonly traces?: boolean;
}

const PROBE_MS = 500;

interface Doubted {
  readonly place: number;
  /** Where it is known of a place whose message was not fed here. */
  readonly subject: string | undefined;
}

/**
 * Subscribes to what its scope says of the live subjects, and repairs what they miss from the stream. The caller reads the log's head after the
 * subscription stands, and calls `start` with it; what came before is found by the first repair.
 */
export function createLiveFeed(parts: LiveFeedParts): {
  feed: LiveFeed;
  start(epoch: string, head: number, newest: Newest): void;
} {
  const { live, scope, sink, clock, log, metrics } = parts;
  const addressOf = createAddressBook();
  const newest = { timeMs: 0, subject: '' };
  let started = false;
  let epoch = '';
  // No live message was fed since the last probe. Asking a clock for each would cost more than placing it.
  let quiet = true;
  let fedPlace = 0;
  const passed = { place: 0, subject: '' };
  // What the feed had come to when a connection broke, until it is known that the log still has it.
  let doubted: readonly Doubted[] | undefined;
  // How far a read of a hole must come.
  let expected = 0;

  const seen = createRecentStamps();
  const reader = createFeedReader(parts.traces);
  const order = new FeedOrder<FeedEntry>((entry) => {
    const { seq, message, purge, trace } = entry;
    seen.note(seq, entry);
    fedPlace = seq;
    scope.fed(seq);
    if (message !== undefined) {
      newest.timeMs = message.timeMs;
      newest.subject = entry.subject;
      if (scope.wants(entry.subject)) sink.message(message, trace);
    } else if (purge !== undefined) {
      parts.onPurge(purge, seq - 1);
      sink.purged(purge, seq - 1);
      parts.onPurged();
    }
  });
  const repair: FeedRepair = createFeedRepair({
    directGet: parts.directGet,
    api: parts.api,
    position: () => order.position,
    target: (cause) => (cause === 'hole' ? expected : order.target),
    accept(raw, cause) {
      const entry = reader.stored(raw, raw.seq);
      if (!order.acceptProven(entry)) return;
      if (scope.wants(entry.subject)) metrics.feedRepaired.inc({ cause });
      scope.moved();
    },
    skip(through) {
      order.skip(through);
      scope.moved();
    },
    evicted(through) {
      log.warn({ fed: order.position, evictedThrough: through }, 'history was evicted before this process was fed it');
      order.restart(through);
      sink.restart(epoch, through);
      scope.moved();
    },
    forget() {
      order.forget();
      scope.restart(epoch, order.position);
    },
    metrics,
    log,
  });

  function takeStored(message: Msg): void {
    // What comes before the head is known is found by the first repair.
    if (!started) return;
    const entry = reader.republished(message);
    if (entry === undefined) return;
    if (entry.seq <= order.position) {
      // It may come for each of several patterns.
      if (scope.listensToIndex && seen.isSame(entry.seq, entry)) return;
      parts.onRegress(seen.isOther(entry.seq, entry) || scope.contradicts(entry.seq, entry.subject));
      return;
    }
    const outcome = order.accept(entry);
    if (outcome === 'fed') {
      quiet = false;
      scope.moved();
    } else if (parts.repair) {
      scope.early(entry.seq);
    }
  }

  function takeUnstored(message: Msg): void {
    const raw = toRawMessage(message);
    const address = addressOf(raw.subject);
    if (address === undefined || !started || !isLiveOnly(raw.headers) || !scope.wantsUnstored(message, raw.subject)) {
      return;
    }
    sink.message(decodeEvent(raw, address, 0, clock.now()), parts.traces ? readTrace(raw.headers) : undefined);
  }

  // A throw in a callback would end the client's reader for good, without a reconnect. A sink that throws is a
  // programmer's mistake: the process must end, and not serve a feed that stands still.
  function guarded(take: (message: Msg) => void): (error: Error | null, message: Msg) => void {
    return (error, message) => {
      if (error !== null) return log.error({ err: error }, 'the feed can not be subscribed to');
      try {
        take(message);
      } catch (fault) {
        queueMicrotask(() => {
          throw fault;
        });
      }
    };
  }

  // Without a live message for a while: it finds a last one that was lost, and carries the feed alone when the live
  // connection is stuck.
  const probe = clock.every(PROBE_MS, () => {
    if (!started || !parts.repair) return;
    if (quiet) repair.run('probe');
    quiet = true;
    if (live.connected && parts.replay.connected) void checkEnd();
  });

  function begin(head: number): void {
    order.restart(head);
    scope.restart(epoch, head);
    if (parts.repair) repair.run('gap');
  }

  scope.open({
    get position() {
      return order.position;
    },
    get waiting() {
      return order.held > 0;
    },
    pass(through, subject) {
      order.skip(through);
      quiet = false;
      passed.place = through;
      passed.subject = subject;
      // No time is told with it: it is not later than now.
      newest.timeMs = clock.now();
      newest.subject = subject;
    },
    expect(place) {
      expected = place;
    },
    repair(cause: RepairCause) {
      if (parts.repair) repair.run(cause);
    },
    doubt: () => parts.onRegress(false),
    takeStored: guarded(takeStored),
    takeUnstored: guarded(takeUnstored),
    guarded,
  });
  for (const link of [live, parts.replay]) {
    link.onLost(() => {
      if (started) doubted ??= doubtful();
    });
    link.onReconnect(() => {
      if (!started || !parts.repair) return;
      repair.run('gap');
      void checkEnd();
    });
  }

  // Of what was passed the subject alone is known, and another message there may have the same: then the newest that was
  // fed shows it, unless that is older than what was lost.
  function doubtful(): Doubted[] {
    const { position } = order;
    const newestPlace = { place: position, subject: passed.place === position ? passed.subject : undefined };
    return fedPlace === 0 || fedPlace === position
      ? [newestPlace]
      : [newestPlace, { place: fedPlace, subject: undefined }];
  }

  // While a connection was away the end of the log may have been lost, and written anew: then another message stands
  // where this process was then. That there is none yet says nothing.
  async function checkEnd(): Promise<void> {
    const places = doubted;
    if (places === undefined) return;
    for (const { place, subject } of places) {
      const { messages } = await parts.directGet({ seq: Math.max(1, place), batch: 1 });
      const [message] = messages;
      if (message === undefined || doubted !== places) return;
      if (message.seq !== place) continue;
      if (seen.isOther(place, stampOf(message.headers)) || (subject !== undefined && message.subject !== subject)) {
        doubted = undefined;
        return parts.onRegress(true);
      }
    }
    doubted = undefined;
  }

  return {
    start(name, head, atHead) {
      epoch = name;
      Object.assign(newest, atHead);
      sink.start(name, head);
      started = true;
      begin(head);
    },
    feed: {
      get position() {
        return order.position;
      },
      newest,
      restart(name, head) {
        if (!started) return;
        repair.abandon();
        parts.onRestart(name === epoch ? head : 0);
        epoch = name;
        // Nothing that is known of the old log says anything about this one.
        seen.clear();
        fedPlace = 0;
        passed.place = 0;
        doubted = undefined;
        Object.assign(newest, { timeMs: 0, subject: '' });
        order.restart(head);
        scope.restart(name, head);
        sink.restart(name, head);
        if (parts.repair) repair.run('gap');
      },
      close() {
        started = false;
        probe.cancel();
        repair.abandon();
        scope.close();
      },
    },
  };
}
