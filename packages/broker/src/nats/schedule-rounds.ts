import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { EventWriter } from './event-writer.ts';
import { asMissing, type JetStreamApi, JetStreamError, type StoredMessage } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { decodeSchedule, type StoredSchedule } from './schedule-message.ts';
import { ALL_DUE, WAKES } from './schedule-stream.ts';

/** Publishes what has fallen due. Any number of processes do so at once: the log decides about each schedule once. */
export interface ScheduleRounds {
  /** What the stream held when it was last seen, due ones included. */
  readonly pending: number;
  /** Begins to look: the stream is there, or may come to be. */
  start(): void;
  /** Ends; resolves when nothing is under way any more, at the latest after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

export interface ScheduleRoundsParts {
  readonly link: Link;
  /** Of the stream of schedules. */
  readonly api: JetStreamApi;
  readonly writer: Pick<EventWriter, 'publish' | 'publishOnce'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

// A wake that was lost costs no more.
const LOOK_MS = 5_000;
// Nobody has ever scheduled anything where the stream is missing.
const LOOK_FOR_STREAM_MS = 60_000;
const AGAIN_MS = 1_000;
const CHUNK = 64;
// What is so late was not moved at its time, or not looked at then: so many are put in the order of their times. More of them
// would keep the first one waiting, as these would where nothing is late, and the server keeps that order itself.
const LATE_MS = 1_000;
const WINDOW = 1_024;

/** What stands under `due.` */
interface Due extends Pick<StoredSchedule, 'dueMs' | 'subject' | 'seq'> {
  readonly schedule: StoredSchedule | undefined;
}

/**
 * The server moves a schedule to `due.` when its time has come, whether or not anybody listens, and tells of it. That word
 * is only a reason to look: what stands under `due.` is published, and removed once the log has it. Who dies in between
 * leaves it to the next, whom the log tells that it was published.
 */
export function createScheduleRounds(parts: ScheduleRoundsParts): ScheduleRounds {
  const { link, api, writer, clock, log, metrics } = parts;
  let pending = 0;
  let exists = false;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let failing = false;
  let closed = false;
  let waiting = false;
  let running: Promise<void> | undefined;

  async function deliver(schedule: StoredSchedule): Promise<void> {
    const { event, dueMs, once, subject, seq } = schedule;
    const receipt = await writer.publishOnce(once, event.store ? event : undefined);
    if (receipt !== undefined) {
      // Only he who used the key up sends it: at most once.
      if (!event.store) await writer.publish(event);
      metrics.schedulesDelivered.inc();
      metrics.scheduleLateSeconds.observe(Math.max(0, clock.now() - dueMs) / 1000);
    }
    await api.purge(subject, seq + 1);
  }

  // Those of one topic in their order; where one can't be published now, those after it wait. What the log refuses holds
  // up no other topic, in this chunk and in all that follow.
  async function deliverAll(schedules: readonly StoredSchedule[], refused: Map<string, Error>): Promise<void> {
    const byTopic = new Map<string, StoredSchedule[]>();
    for (const schedule of schedules) {
      const key = JSON.stringify([schedule.event.tenant, schedule.event.topic]);
      byTopic.set(key, [...(byTopic.get(key) ?? []), schedule]);
    }
    const ended = await Promise.allSettled(
      [...byTopic].map(async ([topic, ofTopic]) => {
        if (refused.has(topic)) return;
        try {
          for (const schedule of ofTopic) await deliver(schedule);
        } catch (error) {
          if (!(error instanceof JetStreamError)) throw error;
          refused.set(topic, error);
        }
      }),
    );
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  // What fell due while the server, or all who publish, were away stands in the order in which it was taken.
  async function readDue(from: number): Promise<{ due: Due[]; next: number | undefined }> {
    const due: Due[] = [];
    let next: number | undefined = from;
    let isLate = false;
    while (due.length < (isLate ? WINDOW : CHUNK)) {
      const message: StoredMessage | undefined = await api.next(next, ALL_DUE);
      if (message === undefined) {
        next = undefined;
        break;
      }
      next = message.seq + 1;
      const schedule = decodeSchedule(message);
      if (schedule !== undefined) {
        const { dueMs, subject, seq } = schedule;
        isLate ||= clock.now() - dueMs > LATE_MS;
        // Payloads are kept of a few alone; mostly these are all.
        due.push({ dueMs, subject, seq, schedule: due.length < CHUNK ? schedule : undefined });
      }
      // It would be met again at each look.
      else {
        log.error({ seq: message.seq }, 'a scheduled event can not be read, and is dropped');
        await api.purge(message.subject, next);
      }
    }
    return { due: due.sort((one, other) => one.dueMs - other.dueMs || one.seq - other.seq), next };
  }

  async function readAgain({ schedule, seq, subject }: Due): Promise<StoredSchedule[]> {
    if (schedule !== undefined) return [schedule];
    const message = await api.next(seq, subject);
    const again = message && decodeSchedule(message);
    return again === undefined ? [] : [again];
  }

  async function round(): Promise<void> {
    lookedMs = clock.elapsed();
    const info = await api.info().catch(asMissing);
    exists = info !== undefined;
    pending = info?.state.messages ?? 0;
    if (pending === 0) return;
    const refused = new Map<string, Error>();
    for (let from: number | undefined = 1; from !== undefined && !closed; ) {
      const { due, next }: Awaited<ReturnType<typeof readDue>> = await readDue(from);
      for (let at = 0; at < due.length && !closed; at += CHUNK) {
        const chunk = due.slice(at, at + CHUNK);
        await deliverAll((await Promise.all(chunk.map(readAgain))).flat(), refused);
        pending -= chunk.length;
      }
      from = next;
    }
    for (const [topic, error] of refused) {
      throw new Error(`topics that the log refuses an event of: ${refused.size}, the first is ${topic}`, {
        cause: error,
      });
    }
  }

  // One at a time; what comes while one is under way means one more.
  function look(): void {
    if (closed) return;
    if (running !== undefined) {
      waiting = true;
      return;
    }
    running = round()
      .then(() => {
        if (failing) log.info('scheduled events are published again');
        failing = false;
      })
      .catch((error: unknown) => {
        if (!failing && !closed) log.warn({ err: error }, 'scheduled events can not be published now');
        failing = true;
        clock.after(AGAIN_MS, look);
      })
      .finally(() => {
        running = undefined;
        if (!waiting) return;
        waiting = false;
        look();
      });
  }

  const timer = clock.every(LOOK_MS, () => {
    if (!link.connected) return;
    if (exists || clock.elapsed() - lookedMs >= LOOK_FOR_STREAM_MS) look();
  });

  return {
    get pending() {
      return pending;
    },
    start() {
      link.client.subscribe(WAKES, {
        callback(error) {
          if (error === null) look();
        },
      });
      link.onReconnect(look);
      look();
    },
    async close(timeoutMs) {
      closed = true;
      timer.cancel();
      if (running === undefined) return;
      const late = new Promise<void>((resolve) => clock.after(timeoutMs, resolve));
      await Promise.race([running, late]);
    },
  };
}
