import { createId } from '../random-id.ts';
import type { StreamConfig, StreamInfo } from './jetstream-api.ts';
import type { StreamLimits } from './options.ts';
import { ALL_STORED, STREAM } from './subject.ts';

const NANOSECONDS = 1_000_000;
const IDEMPOTENCY_WINDOW_MS = 120_000;
// Headers and payload together; the largest payload is 1,000,000 bytes.
const MAX_MESSAGE_BYTES = 1_048_576;
const EPOCH = 'tidings.epoch';
const IS_EPOCH = /^[0-9a-z]{1,32}$/;

/** A stream as it is to be: what it is created with where it is missing, and compared with where it is there. */
export interface StreamPlan {
  readonly name: string;
  toConfig(replicas: number): StreamConfig;
}

export const toEventPlan = (limits: StreamLimits): StreamPlan => ({
  name: STREAM,
  toConfig: (replicas) => toStreamConfig(limits, replicas),
});

/** The configuration with which the stream of events is created. A log that is created again is another log. */
export function toStreamConfig(limits: StreamLimits, replicas: number): StreamConfig {
  const { maxBytes, maxAgeMs, idempotencyWindowMs = IDEMPOTENCY_WINDOW_MS } = limits;
  return {
    name: STREAM,
    subjects: [ALL_STORED],
    retention: 'limits',
    storage: 'file',
    num_replicas: replicas,
    discard: 'old',
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_bytes: maxBytes,
    max_age: maxAgeMs * NANOSECONDS,
    max_msg_size: MAX_MESSAGE_BYTES,
    max_consumers: -1,
    duplicate_window: idempotencyWindowMs * NANOSECONDS,
    allow_direct: true,
    allow_msg_ttl: true,
    allow_rollup_hdrs: true,
    // A scheduled event and the mark that it was published are stored together (ADR 0033).
    allow_atomic: true,
    deny_delete: true,
    compression: 'none',
    republish: { src: ALL_STORED, dest: 'live.0.>' },
    metadata: { [EPOCH]: createId() },
  };
}

/** The identity of a log; of one that was made without ours, the moment of its creation. */
export function epochOf({ config, created }: StreamInfo): string {
  const epoch = config.metadata?.[EPOCH];
  // What is not a cursor's epoch would make every cursor malformed.
  return epoch !== undefined && IS_EPOCH.test(epoch) ? epoch : Date.parse(created).toString(36);
}

// Without these nothing works, or what is promised does not hold.
const ESSENTIAL = ['subjects', 'retention', 'allow_direct', 'allow_msg_ttl', 'republish', 'no_ack', 'sealed'];
// These are the operator's to change; a process says where they differ from its own settings.
const ADVISED = [
  'storage',
  'num_replicas',
  'discard',
  'max_msgs',
  'max_msgs_per_subject',
  'discard_new_per_subject',
  'max_bytes',
  'max_age',
  'max_msg_size',
  'duplicate_window',
  'deny_delete',
  'allow_rollup_hdrs',
  'allow_atomic',
  'allow_msg_schedules',
  'mirror',
  'sources',
  'subject_transform',
];

/** Where an existing stream differs from what would be created, in words for an operator. */
export interface Drift {
  /** It can not work like this. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

export function compareConfig(wanted: StreamConfig, found: StreamConfig): Drift {
  const differences = (fields: readonly string[]): string[] =>
    fields
      .filter((field) => !isSame(field, wanted[field], found[field]))
      .map(
        (field) => `${wanted.name}.${field} is ${text(found[field])}, and would be created as ${text(wanted[field])}`,
      );
  const epoch = found.metadata?.[EPOCH];
  const isNamed = wanted.metadata?.[EPOCH] === undefined || (epoch !== undefined && IS_EPOCH.test(epoch));
  const misnamed = isNamed ? [] : [epochWarning(epoch)];
  return { faults: differences(ESSENTIAL), warnings: [...differences(ADVISED), ...misnamed] };
}

const epochWarning = (epoch: string | undefined): string =>
  `${STREAM}.metadata ${EPOCH} is ${text(epoch)}, and not 1-32 lower-case letters or digits: the moment of its creation stands for it`;

// The server leaves out what is false or unset; what it adds to a member of ours is no difference.
function isSame(field: string, wanted: unknown, found: unknown): boolean {
  if (field === 'republish') {
    return text(toRepublish(wanted)) === text(toRepublish(found));
  }
  return text(wanted ?? false) === text(found ?? false);
}

function toRepublish(value: unknown): object {
  const { src, dest, headers_only: headersOnly = false } = (value ?? {}) as Record<string, unknown>;
  return { src, dest, headersOnly };
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'unset';
