import type { StreamConfig } from './jetstream-api.ts';
import type { StreamPlan } from './stream-config.ts';

/** The stream of the shared state; to tools of NATS it is the key-value bucket `tidings`. */
export const BUCKET = 'KV_tidings';
const KEYS = '$KV.tidings.';
/** What the server says of each change: `ctl.state.<key>`, without the value. */
const CHANGES = 'ctl.state.';

const MAX_BYTES = 67_108_864;
// Header and value together; the longest value is 900,000 bytes.
const MAX_MESSAGE_BYTES = 1_048_576;
const DUPLICATE_WINDOW_NANOSECONDS = 120_000_000_000;

export const subjectOfKey = (key: string): string => KEYS + key;
export const keyOfSubject = (subject: string): string => subject.slice(KEYS.length);
export const entriesUnder = (prefix: string): string => `${KEYS}${prefix}.>`;
export const changesUnder = (prefix: string): string => `${CHANGES}${prefix}.>`;

/** The bucket as it is to be. */
export const STATE_PLAN: StreamPlan = { name: BUCKET, toConfig };

function toConfig(replicas: number): StreamConfig {
  return {
    name: BUCKET,
    subjects: [`${KEYS}>`],
    retention: 'limits',
    storage: 'file',
    num_replicas: replicas,
    // Full means that nothing more is taken: what is there may be a refusal that must not be forgotten.
    discard: 'new',
    max_msgs: -1,
    max_msgs_per_subject: 1,
    max_bytes: MAX_BYTES,
    max_age: 0,
    max_msg_size: MAX_MESSAGE_BYTES,
    max_consumers: -1,
    duplicate_window: DUPLICATE_WINDOW_NANOSECONDS,
    allow_direct: true,
    allow_msg_ttl: true,
    // A bucket that others make has it: but one header of whoever may write an entry would then erase them all.
    allow_rollup_hdrs: false,
    deny_delete: true,
    compression: 'none',
    republish: { src: `${KEYS}>`, dest: `${CHANGES}>`, headers_only: true },
  };
}
