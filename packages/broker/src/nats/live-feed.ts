import type { Message } from '@tidings/protocol';
import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { FeedSink, Selection } from '../port.ts';
import type { DirectGet } from './direct-get.ts';
import { decodeEvent, isLiveOnly, sequenceOf } from './event-message.ts';
import { FeedOrder, type Placed } from './feed-order.ts';
import { createFeedRepair, type FeedRepair } from './feed-repair.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { parsePurge } from './purge.ts';
import { lastHeader, type RawMessage, toRawMessage } from './raw-message.ts';
import { createRecentStamps } from './recent-stamps.ts';
import { ALL_LIVE, ALL_UNSTORED, createAddressBook, PURGES, toStoredSubject } from './subject.ts';

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
}

/** One entry of the feed: an event, or what the log says about itself. */
interface Entry extends Placed {
  readonly subject: string;
  /** When the server stored it, to the nanosecond, as it wrote it: with its place, what a message is known by. */
  readonly stamp: string;
  readonly message: Message | undefined;
  readonly purge: Selection | undefined;
}

// What an entry weighs beside its payload.
const OVERHEAD_BYTES = 500;
const PROBE_MS = 500;

const stampOf = ({ headers }: RawMessage): string => lastHeader(headers, 'Nats-Time-Stamp') ?? '';

/**
 * Subscribes to the live subjects, and repairs what they miss from the stream. The caller reads the log's head after the
 * subscription stands, and calls `start` with it; what came before is found by the first repair.
 */
export function createLiveFeed(parts: LiveFeedParts): {
  feed: LiveFeed;
  start(epoch: string, head: number, newest: Newest): void;
} {
  const { live, sink, clock, log, metrics } = parts;
  const addressOf = createAddressBook();
  const newest = { timeMs: 0, subject: '' };
  let started = false;
  let epoch = '';
  let lastLiveMs = Number.NEGATIVE_INFINITY;
  // Where the feed stood when a connection broke, until it is known that the log still has it.
  let doubted: number | undefined;

  const seen = createRecentStamps();
  const order = new FeedOrder<Entry>(({ message, purge, subject, seq, stamp }) => {
    seen.note(seq, stamp);
    if (message !== undefined) {
      newest.timeMs = message.timeMs;
      newest.subject = toStoredSubject(subject);
      sink.message(message);
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
    target: () => order.target,
    accept: (raw, cause) => {
      if (order.acceptProven(toEntry(raw, raw.seq))) metrics.feedRepaired.inc({ cause });
    },
    skip: (through) => order.skip(through),
    evicted(through) {
      log.warn({ fed: order.position, evictedThrough: through }, 'history was evicted before this process was fed it');
      order.restart(through);
      sink.restart(epoch, through);
    },
    forget: () => order.forget(),
    metrics,
    log,
  });

  function toEntry(raw: RawMessage, seq: number): Entry {
    const { subject } = raw;
    const bytes = raw.data.length + OVERHEAD_BYTES;
    const stamp = stampOf(raw);
    const isPurge = toStoredSubject(subject) === PURGES;
    const address = isPurge ? undefined : addressOf(subject);
    const message = address === undefined ? undefined : decodeEvent(raw, address, seq, 0);
    return { seq, bytes, subject, stamp, message, purge: isPurge ? parsePurge(raw.data) : undefined };
  }

  function takeStored(raw: RawMessage): void {
    const seq = sequenceOf(raw.headers);
    // What comes before the head is known is found by the first repair. What the server republishes bears its place and
    // the subject it was stored under: anything else was sent here by somebody.
    if (!started || !(seq > 0 && Number.isSafeInteger(seq))) return;
    if (lastHeader(raw.headers, 'Nats-Subject') !== toStoredSubject(raw.subject)) return;
    if (seq <= order.position) {
      parts.onRegress(seen.isOther(seq, stampOf(raw)));
      return;
    }
    const outcome = order.accept(toEntry(raw, seq));
    if (outcome === 'fed') lastLiveMs = clock.elapsed();
    else if (parts.repair) repair.run('gap');
  }

  function takeUnstored(raw: RawMessage): void {
    const address = addressOf(raw.subject);
    if (address !== undefined && started && isLiveOnly(raw.headers))
      sink.message(decodeEvent(raw, address, 0, clock.now()));
  }

  // A throw in a callback would end the client's reader for good, without a reconnect. A sink that throws is a
  // programmer's mistake: the process must end, and not serve a feed that stands still.
  function guarded(
    take: (raw: RawMessage) => void,
  ): (error: Error | null, message: Parameters<typeof toRawMessage>[0]) => void {
    return (error, message) => {
      if (error !== null) return log.error({ err: error }, 'the feed can not be subscribed to');
      try {
        take(toRawMessage(message));
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
    if (clock.elapsed() - lastLiveMs >= PROBE_MS) repair.run('probe');
    if (live.connected && parts.replay.connected) void checkEnd();
  });

  function begin(head: number): void {
    order.restart(head);
    if (parts.repair) repair.run('gap');
  }

  const subscriptions = [
    live.client.subscribe(ALL_LIVE, { callback: guarded(takeStored) }),
    live.client.subscribe(ALL_UNSTORED, { callback: guarded(takeUnstored) }),
  ];
  for (const link of [live, parts.replay]) {
    link.onLost(() => {
      if (started) doubted ??= order.position;
    });
    link.onReconnect(() => {
      if (!started || !parts.repair) return;
      repair.run('gap');
      void checkEnd();
    });
  }

  // While a connection was away the end of the log may have been lost, and written anew: then another message stands
  // where this process was then. That there is none yet says nothing.
  async function checkEnd(): Promise<void> {
    const place = doubted;
    if (place === undefined) return;
    const { messages } = await parts.directGet({ seq: Math.max(1, place), batch: 1 });
    const [message] = messages;
    if (message === undefined || doubted !== place) return;
    doubted = undefined;
    if (message.seq === place && seen.isOther(place, stampOf(message))) parts.onRegress(true);
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
        doubted = undefined;
        Object.assign(newest, { timeMs: 0, subject: '' });
        order.restart(head);
        sink.restart(name, head);
        if (parts.repair) repair.run('gap');
      },
      close() {
        started = false;
        probe.cancel();
        repair.abandon();
        if (!live.closed) for (const subscription of subscriptions) subscription.unsubscribe();
      },
    },
  };
}
