import { MAX_SCHEDULE_AHEAD_SEC, TidingsError } from '@tidings/protocol';
import { parseRfc3339 } from '@tidings/runtime';
import type { FieldPlace } from './validate.ts';

/** When an event is to be published, as a publisher says it. */
export interface ScheduleFields {
  /** RFC 3339. */
  readonly at?: string | undefined;
  /** Seconds from now. */
  readonly delay?: number | undefined;
}

/**
 * When an event is to be published, in milliseconds since 1970; `undefined` for one that does not wait. A time that has
 * passed is a schedule like any other, so that a repeated request is the same one, however late it comes.
 * @throws TidingsError `invalid-field`.
 */
export function parseDue({ at, delay }: ScheduleFields, nowMs: number, place: FieldPlace): number | undefined {
  if (at === undefined) return delay === undefined ? undefined : nowMs + delay * 1000;
  if (delay !== undefined) {
    throw new TidingsError('invalid-field', 'An event has at or delay, not both.', place('delay'));
  }
  const dueMs = parseRfc3339(at);
  if (Number.isNaN(dueMs)) {
    // As the + of a zone is read in a URL.
    const remedy = / \d{2}:\d{2}$/.test(at) ? ': in a URL the + of its zone is written %2B' : '';
    throw new TidingsError(
      'invalid-field',
      `at is no RFC 3339 time, such as 2026-12-24T18:00:00Z${remedy}.`,
      place('at'),
    );
  }
  if (dueMs > nowMs + MAX_SCHEDULE_AHEAD_SEC * 1000) {
    const detail = `at is more than ${MAX_SCHEDULE_AHEAD_SEC / 86_400} days ahead.`;
    throw new TidingsError('invalid-field', detail, place('at'));
  }
  // The broker's servers know no years before it.
  return Math.max(0, dueMs);
}
