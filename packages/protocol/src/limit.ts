/** Every size bound of the wire contract that is not configurable, in one place. */

/** Tokens of a topic or pattern (contract section 2). */
export const MAX_TOPIC_TOKENS = 16;
/** Bytes of a topic or pattern as UTF-8 (section 2). */
export const MAX_TOPIC_BYTES = 255;
/** Characters (code points) of an event name (section 2). */
export const MAX_EVENT_NAME_CHARACTERS = 128;
/** Characters of an idempotency key (section 5). */
export const MAX_IDEMPOTENCY_KEY_CHARACTERS = 255;
/** Characters of a cursor (section 4). */
export const MAX_CURSOR_CHARACTERS = 128;
/** Topics and patterns of one stream (section 4). */
export const MAX_STREAM_TOPICS = 100;
/** Topics of one fan-out event (section 5). */
export const MAX_FANOUT_TOPICS = 100;
/** Events of one JSON array (section 5). */
export const MAX_BATCH_EVENTS = 1_000;
/**
 * Results of one publishing request: its events, each once for every topic that it goes to. A body of 8 MiB that is all
 * line noise, or all fan-out, would be answered with a gigabyte (ADR 0005).
 */
export const MAX_RESULTS = 10_000;
/** The largest N of `replay=N` (section 4). */
export const MAX_REPLAY_COUNT = 10_000;
/** The largest page of a history read (section 7). */
export const MAX_HISTORY_LIMIT = 1_000;
/** The hard ceiling of one event's payload, whatever is configured, in bytes (section 5). */
export const MAX_EVENT_BYTES_CEILING = 1_000_000;
/** Request line and headers together, in bytes (section 4). */
export const MAX_HEADER_BYTES = 16_384;
/** Scheduled events of one tenant that may wait at once. */
export const MAX_PENDING_SCHEDULES = 10_000;
/** What the scheduled events of all tenants may take where they wait, in bytes. */
export const MAX_SCHEDULED_BYTES = 268_435_456;
/** How far ahead an event may be scheduled: a leap year. */
export const MAX_SCHEDULE_AHEAD_SEC: number = 366 * 86_400;
/** The largest page of a list of schedules. */
export const MAX_SCHEDULE_LIST = 1_000;
