import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Message, TidingsError } from '@tidings/protocol';
import { type Clock, systemClock, type TraceContext } from '@tidings/runtime';
import { EVERYTHING } from '../everything.ts';
import { findStart, type LogPage, readHistory, readLatest, removeSelected } from '../log/selection-reader.ts';
import { createTopicLog, type LogEntry } from '../log/topic-log.ts';
import type { Broker, FeedSink, HistoryPage, PublishInput, Range, Receipt, Selection } from '../port.ts';
import { createId } from '../random-id.ts';
import type { OnScheduled } from '../schedule-port.ts';
import { SCHEDULE_ROOM, type ScheduleRoom } from '../schedule-room.ts';
import { createMemorySchedules } from './memory-schedules.ts';
import { createRecentIds } from './recent-ids.ts';

export interface MemoryBrokerOptions {
  /** What history may hold, payloads and bookkeeping together. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** How long an idempotency key is remembered; two minutes by the contract. */
  readonly idempotencyWindowMs?: number;
  readonly scheduleRoom?: ScheduleRoom;
  readonly onScheduled?: OnScheduled;
  /** Told of each event that is stored, in the turn in which it is; it must not throw. */
  readonly onStored?: (message: Message) => void;
  readonly clock?: Clock;
}

/** A message with what it counts towards the cap: every field in one object, so the log adds no second one. */
type StoredMessage = Message & LogEntry;

// What a stored event costs beside its payload and topic: the object, its map entry and its index entry.
const OVERHEAD_BYTES = 350;

/**
 * The broker of one process: nothing to dial, nothing on disk. Durable means "in this process's memory": a restart makes
 * a new epoch, and clients that resume across it get `hub.gap`. The feed is called synchronously by `publish`.
 * @throws TypeError for options that make no sense.
 */
export function createMemoryBroker(options: MemoryBrokerOptions): Broker {
  const { maxBytes, maxAgeMs, idempotencyWindowMs = 120_000, clock = systemClock } = options;
  if (!(maxBytes > 0 && maxAgeMs > 0)) throw new TypeError('createMemoryBroker({ maxBytes, maxAgeMs }): both above 0');
  const epoch = createId();
  const log = createTopicLog<StoredMessage>({ maxBytes, maxAgeMs });
  const recentIds = createRecentIds(idempotencyWindowMs);
  const now = (): number => clock.now();
  let sink: FeedSink | undefined;
  let state: 'idle' | 'open' | 'closed' = 'idle';
  let lastTimeMs = 0;

  function assertOpen(): void {
    if (state !== 'open') throw new TidingsError('unavailable', 'The broker is closed.', { retryAfterSec: 1 });
  }

  function append(input: PublishInput): Message {
    // Times never fall along the log, or a replay by time could miss what a clock set back made older.
    lastTimeMs = Math.max(clock.now(), lastTimeMs);
    const message: StoredMessage = {
      seq: input.store ? log.last + 1 : 0,
      tenant: input.tenant,
      topic: input.topic,
      event: input.event,
      data: input.data,
      json: input.json,
      final: input.final,
      exclude: input.exclude,
      timeMs: lastTimeMs,
      expiresAtMs: input.store && input.ttlSec > 0 ? lastTimeMs + input.ttlSec * 1000 : Number.POSITIVE_INFINITY,
      bytes: input.data.length + 2 * input.topic.length + OVERHEAD_BYTES,
    };
    if (input.store) {
      log.append(message);
      log.evict(clock.now());
      options.onStored?.(message);
    }
    return message;
  }

  // The key of a scheduled event is the schedule's.
  const schedules = createMemorySchedules({
    publish(event) {
      const { seq } = feed(append(event));
      return { epoch, seq, duplicate: false };
    },
    assertOpen,
    onScheduled: options.onScheduled ?? (() => {}),
    idempotencyWindowMs,
    room: options.scheduleRoom ?? SCHEDULE_ROOM,
    clock,
  });

  function feed(message: Message, trace?: TraceContext): Message {
    sink?.message(message, trace);
    return message;
  }

  async function* paged(pages: Generator<LogPage<StoredMessage>>, signal: AbortSignal): AsyncGenerator<HistoryPage> {
    assertOpen();
    for (const { entries, through } of pages) {
      signal.throwIfAborted();
      yield { messages: entries, through };
      // A long history must not hold up the live feed of everybody else.
      await nextTurn();
    }
  }

  return {
    get epoch() {
      return epoch;
    },
    async open() {
      state = 'open';
    },
    async publish(input, trace): Promise<Receipt> {
      assertOpen();
      const key = input.store && input.id !== '' ? `${input.tenant}\n${input.topic}\n${input.id}` : '';
      if (key !== '') {
        const first = recentIds.find(key, clock.now());
        if (first !== undefined) return { epoch, seq: first, duplicate: true };
      }
      const message = append(input);
      if (key !== '') recentIds.remember(key, message.seq, clock.now());
      feed(message, trace);
      return { epoch, seq: message.seq, duplicate: false };
    },
    async openFeed(feedSink) {
      assertOpen();
      if (sink !== undefined) throw new TypeError('openFeed(sink): a process has one feed, and it is open already');
      sink = feedSink;
      sink.start(epoch, log.last);
    },
    follow: () => EVERYTHING,
    position: () => (sink === undefined ? 0 : log.last),
    async bounds() {
      assertOpen();
      log.evict(clock.now());
      return { first: log.first, last: log.last };
    },
    history(selection: Selection, range: Range, signal: AbortSignal) {
      return paged(readHistory(log, selection, range, now), signal);
    },
    latest(selection: Selection, range: Range, signal: AbortSignal) {
      return paged(readLatest(log, selection, range, now), signal);
    },
    async startOf(selection, start, upTo, signal) {
      assertOpen();
      const search = findStart(log, selection, start, upTo, now);
      for (let step = search.next(); ; step = search.next()) {
        if (step.done) return step.value;
        signal.throwIfAborted();
        await nextTurn();
      }
    },
    schedules,
    async purge(selection) {
      await schedules.erase(selection);
      const through = log.last;
      for (const _turn of removeSelected(log, selection, through)) await nextTurn();
      sink?.purged(selection, through);
    },
    health: () => ({
      live: state !== 'closed',
      ready: state === 'open',
      detail: {
        kind: 'memory',
        epoch,
        first: log.first,
        last: log.last,
        bytes: log.bytes,
        schedules: schedules.pending,
      },
    }),
    async close() {
      schedules.close();
      state = 'closed';
      sink = undefined;
    },
  };
}
