import type { Clock } from '@tidings/runtime';
import type { Schedules } from '../schedule-port.ts';
import { SCHEDULE_ROOM } from '../schedule-room.ts';
import type { EventWriter } from './event-writer.ts';
import { createJetStreamApi } from './jetstream-api.ts';
import type { Link } from './link.ts';
import type { LogWatch } from './log-watch.ts';
import { createNatsSchedules } from './nats-schedules.ts';
import type { NatsBrokerOptions } from './options.ts';
import { createPublisher } from './publisher.ts';
import type { ReplyInbox } from './reply-inbox.ts';
import { createScheduleRounds } from './schedule-rounds.ts';
import { SCHEDULES, SCHEDULES_PLAN } from './schedule-stream.ts';
import { findOrCreate } from './stream-setup.ts';

/** What a role that publishes has for events that wait: the port, and the rounds that publish them. */
export interface Scheduling {
  readonly schedules: Schedules;
  /** Begins to publish what falls due. */
  start(): void;
  /** Ends; resolves when nothing is under way any more, at the latest after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

export interface SchedulingParts {
  readonly options: NatsBrokerOptions;
  readonly link: Link;
  readonly inbox: ReplyInbox;
  readonly watch: LogWatch;
  readonly writer: EventWriter;
  readonly clock: Clock;
  /** Asks again while nobody answers. */
  patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer>;
}

/** It shares the connection of what is published at once: what waits is little, and small. */
export function createScheduling({
  options,
  link,
  inbox,
  watch,
  writer,
  clock,
  patiently,
}: SchedulingParts): Scheduling {
  const { log, metrics, scheduleRoom: room = SCHEDULE_ROOM } = options;
  const api = createJetStreamApi(link.client, SCHEDULES);
  const publisher = createPublisher({ link, inbox, clock, log, metrics });
  const rounds = createScheduleRounds({ link, api, writer, clock, log, metrics });
  metrics.schedulesPending.from(() => rounds.pending);
  const report = (reason: string): void => log.warn({ stream: SCHEDULES }, reason);
  return {
    schedules: createNatsSchedules({
      link,
      inbox,
      api,
      publisher,
      writer,
      askLog: () => watch.ask(),
      findStream: () => findOrCreate(api, SCHEDULES_PLAN, options, report),
      patiently,
      room,
      clock,
    }),
    start: () => rounds.start(),
    async close(timeoutMs) {
      await Promise.all([rounds.close(timeoutMs), publisher.settle(timeoutMs)]);
      publisher.close();
    },
  };
}
