import { toSubject, toSubjectToken, toTopic } from '@tidings/protocol';
import type { StreamConfig } from './jetstream-api.ts';
import type { StreamPlan } from './stream-config.ts';
import type { Address } from './subject.ts';

/** The stream of scheduled events. Until its time one stands under `sch.`; then the server moves it to `due.` (ADR 0033). */
export const SCHEDULES = 'SCHEDULES';
const WAITING = 'sch';
const DUE = 'due';

export const ALL_DUE: string = `${DUE}.>`;
/** What the server says when one falls due, without its payload. */
export const WAKES = 'wake.>';

const DUPLICATE_WINDOW_NANOSECONDS = 120_000_000_000;
const MAX_MESSAGE_BYTES = 1_048_576;

export const waitingSubject = (tenant: string, id: string, topic: string): string =>
  subjectOf(WAITING, tenant, id, topic);
export const dueSubject = (tenant: string, id: string, topic: string): string => subjectOf(DUE, tenant, id, topic);

const subjectOf = (kind: string, tenant: string, id: string, pattern: string): string =>
  `${kind}.${toSubjectToken(tenant)}.${id}.${toSubject(pattern)}`;

/** One schedule, whether it waits or is due; those of a tenant without an id, or on topics that match. */
export const schedulesOf = (tenant: string, id = '*', pattern = '>'): string => subjectOf('*', tenant, id, pattern);
export const waitingOf = (tenant: string, id = '*', pattern = '>'): string => subjectOf(WAITING, tenant, id, pattern);

export const dueOf = (tenant: string, pattern: string): string => subjectOf(DUE, tenant, '*', pattern);

export const isDueSubject = (subject: string): boolean => subject.startsWith(`${DUE}.`);

/** Whose schedule a subject is; `undefined` for what nobody here has put. */
export function parseScheduleSubject(subject: string): (Address & { readonly id: string }) | undefined {
  const [, token = '', id = '', ...rest] = subject.split('.');
  try {
    return { tenant: decodeURIComponent(token), id, topic: toTopic(rest.join('.')) };
  } catch {
    return undefined;
  }
}

/** The stream as it is to be. */
export const SCHEDULES_PLAN: StreamPlan = { name: SCHEDULES, toConfig };

function toConfig(replicas: number): StreamConfig {
  return {
    name: SCHEDULES,
    subjects: [`${WAITING}.>`, ALL_DUE],
    retention: 'limits',
    storage: 'file',
    num_replicas: replicas,
    // The server takes no schedules where full means refusing. So no limit is set, which would drop the oldest: whoever
    // puts one looks for room first.
    discard: 'old',
    max_msgs: -1,
    max_msgs_per_subject: 1,
    max_bytes: -1,
    max_age: 0,
    max_msg_size: MAX_MESSAGE_BYTES,
    max_consumers: -1,
    duplicate_window: DUPLICATE_WINDOW_NANOSECONDS,
    allow_direct: true,
    allow_msg_schedules: true,
    // The server switches it on with schedules.
    allow_rollup_hdrs: true,
    deny_delete: true,
    compression: 'none',
    republish: { src: ALL_DUE, dest: WAKES, headers_only: true },
  };
}
