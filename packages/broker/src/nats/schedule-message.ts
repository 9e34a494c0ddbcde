import { type MsgHdrs, nuid } from 'nats';
import type { PublishInput } from '../port.ts';
import { scheduleIdOf } from '../schedule-id.ts';
import type { Schedule } from '../schedule-port.ts';
import { readMarks } from './event-marks.ts';
import { encodeHeaders } from './event-message.ts';
import type { StoredMessage } from './jetstream-api.ts';
import { lastHeader, lastNumber } from './raw-message.ts';
import { dueSubject, parseScheduleSubject, waitingSubject } from './schedule-stream.ts';

/** A schedule as it stands in its stream. */
export interface StoredSchedule extends Schedule {
  /** Where it stands. */
  readonly subject: string;
  readonly seq: number;
  /** Another for each time that one is taken: what is decided once, by the log, is decided about this one. */
  readonly once: string;
}

/** What is stored for an event that is put off. */
export interface ScheduleMessage {
  readonly id: string;
  readonly subject: string;
  readonly headers: MsgHdrs;
  readonly once: string;
}

/** The headers that start with `Nats-` do not outlive the move to `due.`; ours do (ADR-51 of NATS). */
export function encodeSchedule(event: PublishInput, dueMs: number): ScheduleMessage {
  const id = scheduleIdOf(event);
  const once = nuid.next();
  const subject = waitingSubject(event.tenant, id, event.topic);
  const headers = encodeHeaders({ ...event, ttlSec: 0 }, '');
  headers.set('Nats-Msg-Id', event.id === '' ? once : id);
  headers.set('Nats-Expected-Last-Subject-Sequence', '0');
  headers.set('Nats-Schedule', `@at ${new Date(dueMs).toISOString()}`);
  headers.set('Nats-Schedule-Target', dueSubject(event.tenant, id, event.topic));
  headers.set('Td-At', `${dueMs}`);
  headers.set('Td-Once', once);
  if (event.ttlSec > 0) headers.set('Td-Ttl', `${event.ttlSec}`);
  return { id, subject, headers, once };
}

/** `undefined` for what is not one of ours. */
export function decodeSchedule({ subject, seq, hdrs = '', data = '' }: StoredMessage): StoredSchedule | undefined {
  const headers = Buffer.from(hdrs, 'base64').toString('latin1');
  const address = parseScheduleSubject(subject);
  const once = lastHeader(headers, 'Td-Once') ?? '';
  const dueMs = lastNumber(headers, 'Td-At');
  if (address === undefined || !IS_ONCE.test(once) || !Number.isSafeInteger(dueMs)) return undefined;
  const { tenant, topic, id } = address;
  const { event, json, final, exclude } = readMarks(headers);
  const store = !headers.includes('\r\nTd-Live-Only: ');
  const ttlSec = lastNumber(headers, 'Td-Ttl');
  const payload = { event, json, final, exclude, store, ttlSec, data: Buffer.from(data, 'base64') };
  return { id, dueMs, event: { tenant, topic, id: '', ...payload }, subject, seq, once };
}

// It becomes a token of a subject.
const IS_ONCE = /^[A-Za-z0-9]{1,64}$/;
