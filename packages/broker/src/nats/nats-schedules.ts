import { type Clock, ConfigurationError, createTurns, type Turn } from '@tidings/runtime';
import type { PublishInput } from '../port.ts';
import type { ScheduleReceipt, Schedules } from '../schedule-port.ts';
import { assertRoom, type ScheduleRoom } from '../schedule-room.ts';
import { createDirectGet } from './direct-get.ts';
import type { EventWriter } from './event-writer.ts';
import {
  asMissing,
  asUnavailable,
  away,
  JETSTREAM,
  type JetStreamApi,
  JetStreamError,
  type StreamInfo,
} from './jetstream-api.ts';
import type { Link } from './link.ts';
import type { Publisher } from './publisher.ts';
import type { ReplyInbox } from './reply-inbox.ts';
import { decodeSchedule, encodeSchedule, type StoredSchedule } from './schedule-message.ts';
import { dueOf, isDueSubject, SCHEDULES, schedulesOf, waitingOf } from './schedule-stream.ts';

export interface NatsSchedulesParts {
  readonly link: Link;
  readonly inbox: ReplyInbox;
  /** Of the stream of schedules. */
  readonly api: JetStreamApi;
  readonly publisher: Pick<Publisher, 'store'>;
  readonly writer: Pick<EventWriter, 'publishOnce'>;
  /** What the log's leader says. */
  askLog(): Promise<StreamInfo>;
  /** The stream, made where it is missing and this process may; `undefined` while nobody answers. @throws ConfigurationError. */
  findStream(): Promise<StreamInfo | undefined>;
  /** Asks again while nobody answers. */
  patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer>;
  readonly room: ScheduleRoom;
  readonly clock: Clock;
}

// So near its time the server may be moving it already: that must be decided by the log, and not by who was faster.
const NEAR_MS = 60_000;

/** The schedules on NATS: one message for each in a stream of their own, which the server moves when its time has come. */
export function createNatsSchedules(parts: NatsSchedulesParts): Schedules {
  const { link, inbox, api, publisher, writer, askLog, findStream, patiently, room, clock } = parts;
  const directGet = createDirectGet(link, inbox, SCHEDULES);
  const turns = createTurns();
  let isReady = false;

  // Looked at with the first schedule, and not before: an installation that has none needs nothing of it.
  async function ready(): Promise<void> {
    if (isReady) return;
    const { config } = await askLog();
    if (config.allow_atomic !== true) {
      throw away('the stream EVT_0 takes no atomic batches, which scheduled events need (allow_atomic)');
    }
    const found = await findStream().catch((error: unknown) => {
      throw error instanceof ConfigurationError ? away(error.problems.join(), error) : error;
    });
    if (found === undefined) throw away(`the stream ${SCHEDULES} is not there`);
    if (found.config.allow_msg_schedules !== true) throw away(`the stream ${SCHEDULES} takes no schedules`);
    isReady = true;
  }

  // Of a replica, which may be a moment behind: the bound is not to the last one.
  async function countOf(tenant: string): Promise<number> {
    const { messages, pending } = await directGet({ seq: 1, next_by_subj: schedulesOf(tenant), batch: 1 });
    return messages.length + pending;
  }

  async function read(filter: string, from: number): Promise<StoredSchedule | undefined> {
    for (let next = from; ; ) {
      const message = await api.next(next, filter).catch(asMissing);
      if (message === undefined) return undefined;
      const schedule = decodeSchedule(message);
      if (schedule !== undefined) return schedule;
      next = message.seq + 1;
    }
  }

  const remove = (filter: string): Promise<void> => patiently(() => api.purge(filter, 0)).catch(asUnavailable);

  // From here on it will not be published, or was: what is left of it is of no use.
  async function cancel(schedule: StoredSchedule): Promise<boolean> {
    const receipt = await writer.publishOnce(schedule.once, undefined).catch(asUnavailable);
    await remove(schedulesOf(schedule.event.tenant, schedule.id));
    return receipt !== undefined;
  }

  async function put(event: PublishInput, dueMs: number, lane: string, turn: Turn): Promise<ScheduleReceipt> {
    await ready();
    const { id, subject, headers, once } = encodeSchedule(event, dueMs);
    const [{ state }, count] = await Promise.all([
      // Of a stream that was made this instant nobody may be the leader yet.
      patiently(() => api.info()).catch(asUnavailable),
      countOf(event.tenant),
    ]);
    const standing = (): Promise<StoredSchedule | undefined> => read(schedulesOf(event.tenant, id), 1);
    try {
      assertRoom(room, count, state.bytes + event.data.length);
    } catch (error) {
      const first = event.id === '' ? undefined : await standing();
      if (first === undefined) throw error;
      return { id, dueMs: first.dueMs, duplicate: true };
    }
    await turn.come;
    try {
      const stored = publisher.store(subject, headers, event.data, lane);
      turn.end();
      const { duplicate } = await stored;
      if (!duplicate) return { id, dueMs, duplicate };
    } catch (error) {
      if (!(error instanceof JetStreamError) || error.errorCode !== JETSTREAM.wrongLastSequence) throw error;
    }
    // It was taken already: by this key before, or by an earlier try of this very call, whose answer was lost. A single
    // server says so by what stands there, those of a cluster by the id.
    const first = await standing();
    return { id, dueMs: first?.dueMs ?? dueMs, duplicate: first?.once !== once };
  }

  return {
    async put(event, dueMs) {
      // Those of one topic that fall due together are published in the order in which they stand here.
      const lane = JSON.stringify([event.tenant, event.topic]);
      const turn = turns.take(lane);
      try {
        return await put(event, dueMs, lane, turn);
      } finally {
        turn.end();
      }
    },
    get: (tenant, id) => read(schedulesOf(tenant, id), 1),
    async list(tenant, from, limit) {
      const schedules: StoredSchedule[] = [];
      for (let next = Math.max(1, from); ; ) {
        const schedule = await read(schedulesOf(tenant), next);
        if (schedule === undefined) return { schedules, next: undefined };
        if (schedules.length === limit) return { schedules, next: schedule.seq };
        schedules.push(schedule);
        next = schedule.seq + 1;
      }
    },
    async cancel(tenant, id) {
      const found = await read(schedulesOf(tenant, id), 1);
      return found !== undefined && (await cancel(found));
    },
    async erase({ tenant, patterns }) {
      for (const pattern of patterns) {
        const filter = schedulesOf(tenant, '*', pattern);
        let some = false;
        for (let found = await read(filter, 1); found !== undefined; found = await read(filter, found.seq + 1)) {
          some = true;
          if (isDueSubject(found.subject) || found.dueMs - clock.now() < NEAR_MS) await cancel(found);
        }
        if (!some) continue;
        await remove(waitingOf(tenant, '*', pattern));
        // The server may have moved more of them meanwhile, by a clock that is not this one's.
        const due = dueOf(tenant, pattern);
        for (let found = await read(due, 1); found !== undefined; found = await read(due, found.seq + 1)) {
          await cancel(found);
        }
      }
    },
  };
}
