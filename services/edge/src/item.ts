import type { LogEntry } from '@tidings/broker/log';
import {
  encodeCloudEvent,
  encodeCursor,
  encodeEnvelope,
  encodeEvent,
  type Frame,
  type Message,
} from '@tidings/protocol';

/** What the `data:` lines of a stream hold: the payload, the envelope of contract section 5, or a CloudEvent. */
export type Format = 'data' | JsonFormat;

/** The forms that say of an event more than its payload, and so stand in history too. */
export type JsonFormat = 'envelope' | 'cloudevents';

/** An event in one of them, as JSON text. */
export function encodeJson(format: JsonFormat, message: Message, epoch: string): Buffer {
  return format === 'envelope' ? encodeEnvelope(message, epoch) : encodeCloudEvent(message, epoch);
}

// What an item costs in the ring beside its bytes: objects, map and index entries.
const OVERHEAD_BYTES = 700;

let created = 0;

/**
 * One event on its way out: the message, and its frame in each format, encoded when the first connection needs it and
 * then shared by all. Fields stand in the same order on every item, so that the fan-out sees one hidden class.
 *
 * Cost: one object of six fields beside the message. What the ring and the router ask for is read from the message: a
 * copy of a time would be an object of its own.
 */
export class Item implements LogEntry {
  readonly message: Message;
  readonly epoch: string;
  /** Counts every item of this process, live-only ones too: how a session knows what it was given already. */
  readonly ordinal: number;
  #data: Frame | undefined;
  #envelope: Frame | undefined;
  #cloudEvent: Frame | undefined;

  constructor(message: Message, epoch: string) {
    this.message = message;
    this.epoch = epoch;
    created += 1;
    this.ordinal = created;
    this.#data = undefined;
    this.#envelope = undefined;
    this.#cloudEvent = undefined;
  }

  get seq(): number {
    return this.message.seq;
  }

  get tenant(): string {
    return this.message.tenant;
  }

  get topic(): string {
    return this.message.topic;
  }

  get timeMs(): number {
    return this.message.timeMs;
  }

  get expiresAtMs(): number {
    return this.message.expiresAtMs;
  }

  /**
   * The message, and a frame in two formats: the third may come on top of the ring's limit, where streams of all three are
   * open at once.
   */
  get bytes(): number {
    return 3 * this.message.data.length + 4 * this.message.topic.length + OVERHEAD_BYTES;
  }

  /** The shared frame: the first call for a format encodes, every other is a look-up. */
  frame(format: Format): Frame {
    if (format === 'data') {
      this.#data ??= this.#encode(format);
      return this.#data;
    }
    if (format === 'envelope') {
      this.#envelope ??= this.#encode(format);
      return this.#envelope;
    }
    this.#cloudEvent ??= this.#encode(format);
    return this.#cloudEvent;
  }

  /** A frame of its own, for one stream whose cursor is another than this event's. */
  frameWithId(format: Format, id: string): Frame {
    const { message, epoch } = this;
    return encodeEvent(message.event, id, format === 'data' ? message.data : encodeJson(format, message, epoch));
  }

  #encode(format: Format): Frame {
    // Live-only events have no place in the log, so they carry no id and never move the cursor.
    return this.frameWithId(format, this.seq === 0 ? '' : encodeCursor(this.epoch, this.seq));
  }
}
