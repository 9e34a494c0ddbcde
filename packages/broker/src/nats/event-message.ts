import type { Message } from '@tidings/protocol';
import type { TraceContext } from '@tidings/runtime';
import { headers as createHeaders, type MsgHdrs } from 'nats';
import type { PublishInput } from '../port.ts';
import { type EventMarks, readMarks } from './event-marks.ts';
import { encodeTrace } from './event-trace.ts';
import { lastHeader, lastNumber, type RawMessage } from './raw-message.ts';
import { parseStamp, type Stamp } from './stamp.ts';
import type { Address } from './subject.ts';

/**
 * The headers of an event on its way in. All are made here, from fields that were checked: nothing that a publisher sent
 * as a header comes through.
 * @param id the message id by which the server knows a repeated event.
 * @param trace the span that it is stored by, where one is recorded.
 */
export function encodeHeaders(input: PublishInput, id: string, trace?: TraceContext): MsgHdrs {
  const headers = createHeaders();
  if (input.store) headers.set('Nats-Msg-Id', id);
  else headers.set(LIVE_ONLY, '1');
  if (trace !== undefined) encodeTrace(headers, trace);
  if (input.store && input.ttlSec > 0) headers.set('Nats-TTL', `${input.ttlSec}s`);
  if (input.event !== '') headers.set('Td-Event', toHeaderText(input.event));
  if (input.json) headers.set('Td-Json', '1');
  if (input.final) headers.set('Td-Final', '1');
  if (input.exclude !== '') headers.set('Td-Exclude', toHeaderText(input.exclude));
  return headers;
}

const LIVE_ONLY = 'Td-Live-Only';

// Header values travel as latin1 and end at a line break; a lone surrogate would make encodeURIComponent throw.
const toHeaderText = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/**
 * An event as the server delivers it, live or from the log, with a payload of its own: what came is a view of the
 * socket's buffer, of which one kept view would pin 64 KiB.
 * @param seq its place; 0 for a live-only event.
 * @param nowMs stands in for the server's time where it gave none, which it does for live-only events.
 */
export function decodeEvent({ headers, data }: RawMessage, address: Address, seq: number, nowMs: number): Message {
  // A live-only event has no stamp of the server's: one that it bears was written by somebody else.
  const stampMs = seq === 0 ? Number.NaN : stampOf(headers).timeMs;
  const timeMs = Number.isNaN(stampMs) ? nowMs : stampMs;
  return toEvent(address, seq, timeMs, readMarks(headers), Buffer.from(data));
}

/** The one place where messages are made, so that all have one hidden class. @param data must be nobody else's. */
export function toEvent(address: Address, seq: number, timeMs: number, marks: EventMarks, data: Buffer): Message {
  return {
    seq,
    tenant: address.tenant,
    topic: address.topic,
    event: marks.event,
    data,
    json: marks.json,
    final: marks.final,
    exclude: marks.exclude,
    timeMs,
    expiresAtMs: marks.ttlSec > 0 ? timeMs + marks.ttlSec * 1000 : Number.POSITIVE_INFINITY,
  };
}

/**
 * Whether ingest sent it as a live-only event. An answer of the server's that somebody had sent to a live-only subject
 * bears no such header, or those of a stored event.
 */
export const isLiveOnly = (headers: string): boolean =>
  headers.includes(`\r\n${LIVE_ONLY}: `) && !headers.includes('\r\nNats-');

/** The place that the server gave a stored message. */
export const sequenceOf = (headers: string): number => lastNumber(headers, 'Nats-Sequence');

/** When the server stored the message of these headers. */
export const stampOf = (headers: string): Stamp => parseStamp(lastHeader(headers, 'Nats-Time-Stamp') ?? '');
