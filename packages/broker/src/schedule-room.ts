import { MAX_PENDING_SCHEDULES, MAX_SCHEDULED_BYTES, TidingsError } from '@tidings/protocol';

/** How many scheduled events may wait, where somebody wants other bounds than the contract's. */
export interface ScheduleRoom {
  /** Of one tenant. */
  readonly perTenant: number;
  /** Of all tenants together. */
  readonly bytes: number;
}

export const SCHEDULE_ROOM: ScheduleRoom = { perTenant: MAX_PENDING_SCHEDULES, bytes: MAX_SCHEDULED_BYTES };

const RETRY_AFTER_SEC = 60;

/** @throws TidingsError `too-many-schedules` where one more has no room. */
export function assertRoom(room: ScheduleRoom, ofTenant: number, bytes: number): void {
  const details = { retryAfterSec: RETRY_AFTER_SEC };
  if (ofTenant >= room.perTenant) {
    const detail = `${room.perTenant} scheduled events of this tenant wait already.`;
    throw new TidingsError('too-many-schedules', detail, details);
  }
  if (bytes > room.bytes) {
    throw new TidingsError('too-many-schedules', 'The scheduled events that wait have used up their room.', details);
  }
}
