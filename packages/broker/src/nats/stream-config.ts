import { randomBytes } from 'node:crypto';
import type { StreamConfig, StreamInfo } from './jetstream-api.ts';
import type { StreamLimits } from './options.ts';
import { ALL_STORED, STREAM } from './subject.ts';

const NANOSECONDS = 1_000_000;
const IDEMPOTENCY_WINDOW_MS = 120_000;
// Headers and payload together; the largest payload is 1,000,000 bytes.
const MAX_MESSAGE_BYTES = 1_048_576;
const EPOCH = 'tidings.epoch';
const IS_EPOCH = /^[0-9a-z]{1,32}$/;

/** The configuration with which the stream is created. */
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
    deny_delete: true,
    compression: 'none',
    republish: { src: ALL_STORED, dest: 'live.0.>' },
    metadata: { [EPOCH]: createEpoch() },
  };
}

/** Eight random base-36 digits: a log that is created again is another log. */
function createEpoch(): string {
  return [...randomBytes(8)].map((byte) => (byte % 36).toString(36)).join('');
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
  'max_bytes',
  'max_age',
  'max_msg_size',
  'duplicate_window',
  'deny_delete',
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
      .map((field) => `${STREAM}.${field} is ${text(found[field])}, and would be created as ${text(wanted[field])}`);
  const epoch = found.metadata?.[EPOCH];
  const misnamed = epoch !== undefined && IS_EPOCH.test(epoch) ? [] : [epochWarning(epoch)];
  return { faults: differences(ESSENTIAL), warnings: [...differences(ADVISED), ...misnamed] };
}

const epochWarning = (epoch: string | undefined): string =>
  `${STREAM}.metadata ${EPOCH} is ${text(epoch)}, and not 1-32 lower-case letters or digits: the moment of its creation stands for it`;

// The server leaves out what is false or unset; what it adds to a member of ours is no difference.
function isSame(field: string, wanted: unknown, found: unknown): boolean {
  if (field === 'republish') {
    const { src, dest, headers_only: headersOnly } = (found ?? {}) as Record<string, unknown>;
    return text({ src, dest }) === text(wanted) && headersOnly !== true;
  }
  return text(wanted ?? false) === text(found ?? false);
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'unset';
