import { expect, it } from 'vitest';
import * as limit from '../src/limit.ts';

it('sections 2, 4, 5 and 7: the limits are those of the contract', () => {
  expect({ ...limit }).toEqual({
    MAX_TOPIC_TOKENS: 16,
    MAX_TOPIC_BYTES: 255,
    MAX_EVENT_NAME_CHARACTERS: 128,
    MAX_IDEMPOTENCY_KEY_CHARACTERS: 255,
    MAX_CURSOR_CHARACTERS: 128,
    MAX_STREAM_TOPICS: 100,
    MAX_FANOUT_TOPICS: 100,
    MAX_BATCH_EVENTS: 1_000,
    // ADR 0005.
    MAX_RESULTS: 10_000,
    MAX_REPLAY_COUNT: 10_000,
    MAX_HISTORY_LIMIT: 1_000,
    MAX_EVENT_BYTES_CEILING: 1_000_000,
    MAX_HEADER_BYTES: 16_384,
    MAX_PENDING_SCHEDULES: 10_000,
    MAX_SCHEDULED_BYTES: 256 * 1_024 * 1_024,
    MAX_SCHEDULE_AHEAD_SEC: 366 * 86_400,
    MAX_SCHEDULE_LIST: 1_000,
  });
});
