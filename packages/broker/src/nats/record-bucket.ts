import type { StreamPlan } from './stream-config.ts';

/** The stream of the records; to tools of NATS it is the key-value bucket `tidings_records`. */
export const RECORD_BUCKET = 'KV_tidings_records';
const KEYS = '$KV.tidings_records.';

const MAX_BYTES = 268_435_456;
const MAX_MESSAGE_BYTES = 1_048_576;
const DUPLICATE_WINDOW_NANOSECONDS = 120_000_000_000;

export const subjectOfRecord = (key: string): string => KEYS + key;

/**
 * The bucket as it is to be: beside that of the shared state, so that however many records there are they never leave a
 * revocation without room, and nothing is told of a change, since nobody follows it.
 */
export const RECORD_PLAN: StreamPlan = {
  name: RECORD_BUCKET,
  toConfig: (replicas) => ({
    name: RECORD_BUCKET,
    subjects: [`${KEYS}>`],
    retention: 'limits',
    storage: 'file',
    num_replicas: replicas,
    // Full means that the record that was not written for the longest time goes.
    discard: 'old',
    max_msgs: -1,
    max_msgs_per_subject: 1,
    max_bytes: MAX_BYTES,
    max_age: 0,
    max_msg_size: MAX_MESSAGE_BYTES,
    max_consumers: -1,
    duplicate_window: DUPLICATE_WINDOW_NANOSECONDS,
    allow_direct: true,
    allow_msg_ttl: true,
    // As in the bucket of the shared state: a header could else erase all.
    allow_rollup_hdrs: false,
    deny_delete: true,
    compression: 'none',
  }),
};
