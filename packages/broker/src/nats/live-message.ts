import type { Message } from '@tidings/protocol';
import type { TraceContext } from '@tidings/runtime';
import type { Msg } from 'nats';
import type { Selection } from '../port.ts';
import { type EventMarks, readMarks, UNMARKED } from './event-marks.ts';
import { sequenceOf, stampOf, toEvent } from './event-message.ts';
import { afterTrace, readTrace } from './event-trace.ts';
import type { Placed } from './feed-order.ts';
import { PayloadSlab } from './payload-slab.ts';
import { parsePurge } from './purge.ts';
import { internalsOf, lastHeader, type RawMessage, toLatin1, toRawMessage } from './raw-message.ts';
import { remembered } from './remembered.ts';
import { ServerHeaders, subjectLine } from './server-headers.ts';
import type { Stamp } from './stamp.ts';
import { type Address, createAddressBook, PURGES, toStoredSubject } from './subject.ts';

/** One entry of the feed: an event, or what the log says about itself. */
export interface FeedEntry extends Placed, Stamp {
  /** The subject that it is stored under. */
  readonly subject: string;
  readonly message: Message | undefined;
  readonly purge: Selection | undefined;
  /** The span that it was stored by, where one is recorded and anybody here asks. */
  readonly trace: TraceContext | undefined;
}

/** Reads the messages of the feed. */
export interface FeedReader {
  /**
   * What the server republished. `undefined` for anything else: what the server republishes bears its place, and the
   * subject it was stored under; a message that does not was sent here by somebody.
   */
  republished(message: Msg): FeedEntry | undefined;
  /** What was read from the log itself. */
  stored(raw: RawMessage, seq: number): FeedEntry;
}

// What an entry weighs beside its payload.
const OVERHEAD_BYTES = 500;
const MOST_SUBJECTS = 10_000;
const MOST_MARKS = 1_000;
// What is longer was written past ingest, or names a session in odd characters: it is read, and not remembered.
const MOST_MARKS_BYTES = 1_024;
const MESSAGE_ID = Buffer.from('NATS/1.0\r\nNats-Msg-Id: ');
const CR = 13;
const LF = 10;

/** What is known of a subject that messages are republished on. */
interface LiveSubject {
  readonly stored: string;
  /** As the server writes it. */
  readonly line: Uint8Array;
  readonly address: Address | undefined;
}

/**
 * Cost of a republished event: a look-up of its subject, one of its marks if it has any, two short texts for these, a walk
 * over the lines of the server, and three objects: entry, message, payload. One that has marks or a trace is looked at for
 * the latter at one byte.
 * @param traces whether spans are told; otherwise they are passed over.
 */
export function createFeedReader(traces = false): FeedReader {
  const addressOf = createAddressBook();
  const toSubject = (subject: string): LiveSubject => {
    const stored = toStoredSubject(subject);
    return { stored, line: subjectLine(stored), address: stored === PURGES ? undefined : addressOf(stored) };
  };
  const subjectOf = remembered(toSubject, MOST_SUBJECTS);
  const marksOf = remembered(readMarks, MOST_MARKS);
  const server = new ServerHeaders();
  const slab = new PayloadSlab();
  // Of the block that was read last.
  let trace: TraceContext | undefined;

  function toEntry(subject: LiveSubject, seq: number, stamp: Stamp, marks: EventMarks, data: Buffer): FeedEntry {
    const { stored, address } = subject;
    const { timeMs, subMs } = stamp;
    const at = Number.isNaN(timeMs) ? 0 : timeMs;
    return {
      seq,
      bytes: data.length + OVERHEAD_BYTES,
      timeMs,
      subMs,
      subject: stored,
      message: address === undefined ? undefined : toEvent(address, seq, at, marks, data),
      purge: stored === PURGES ? parsePurge(data) : undefined,
      trace,
    };
  }

  // The id by which the server knows a repetition comes first, then a trace if there is one, and both are others for each
  // event: what follows repeats.
  function marksBefore(bytes: Uint8Array, end: number): EventMarks {
    trace = undefined;
    let start = MESSAGE_ID.length;
    for (let at = 0; at < MESSAGE_ID.length; at += 1) if (bytes[at] !== MESSAGE_ID[at]) start = 0;
    if (start > 0) while (start < end && !(bytes[start] === CR && bytes[start + 1] === LF)) start += 1;
    if (start === end) return UNMARKED;
    const after = start > 0 ? afterTrace(bytes, start, end) : start;
    if (traces && after > start) trace = readTrace(toLatin1(bytes, 0, after + 2));
    if (after === end) return UNMARKED;
    // With the line break at its end.
    const text = toLatin1(bytes, after, end + 2);
    return text.length > MOST_MARKS_BYTES ? readMarks(text) : marksOf(text);
  }

  function byName(raw: RawMessage, subject: LiveSubject): FeedEntry | undefined {
    const seq = sequenceOf(raw.headers);
    if (!(seq > 0 && Number.isSafeInteger(seq))) return undefined;
    if (lastHeader(raw.headers, 'Nats-Subject') !== subject.stored) return undefined;
    trace = traces ? readTrace(raw.headers) : undefined;
    return toEntry(subject, seq, stampOf(raw.headers), readMarks(raw.headers), Buffer.from(raw.data));
  }

  return {
    republished(message) {
      const { _rdata: bytes, _msg } = internalsOf(message);
      if (bytes === undefined) return undefined;
      const subject = subjectOf(toLatin1(_msg.subject, 0, _msg.subject.length));
      if (!server.read(bytes, _msg.hdr, subject.line)) return byName(toRawMessage(message), subject);
      if (server.seq === 0) return undefined;
      const marks = marksBefore(bytes, server.start);
      return toEntry(subject, server.seq, server.stamp, marks, slab.keep(bytes, _msg.hdr));
    },
    stored(raw, seq) {
      const data = Buffer.from(raw.data);
      trace = traces ? readTrace(raw.headers) : undefined;
      return toEntry(toSubject(raw.subject), seq, stampOf(raw.headers), readMarks(raw.headers), data);
    },
  };
}
