/** One event as a browser's EventSource would dispatch it. */
export interface DecodedEvent {
  /** `message` when the stream named none. */
  readonly event: string;
  readonly data: string;
  /** The last event id in force when it was dispatched; the empty string when the stream has set none. */
  readonly lastEventId: string;
}

/** What the decoder reports, in stream order. */
export interface DecoderSink {
  event(event: DecodedEvent): void;
  /** A `retry:` field in milliseconds. */
  retry?(ms: number): void;
  /** A comment line without its colon. */
  comment?(text: string): void;
}

/** Takes the stream in pieces of any size. */
export interface SseDecoder {
  feed(bytes: Uint8Array): void;
  /** The id that a reconnect would send as `Last-Event-ID`. An id-only block moves it too. */
  readonly lastEventId: string;
}

/**
 * An event-stream parser to the letter of WHATWG HTML section 9.2.6, for tests and tools. It holds one unfinished line
 * and one unfinished event, and puts no limit on either: feed it only streams that you trust.
 */
export function createSseDecoder(sink: DecoderSink): SseDecoder {
  // `ignoreBOM: false` strips the one BOM that the standard strips, at the very start only.
  const utf8 = new TextDecoder('utf-8');
  let unfinished = '';
  // A CR at the end of a piece may be the first half of CRLF: its LF must not count as an empty line.
  let skipLineFeed = false;
  let event = '';
  let data: string | undefined;
  let idBuffer = '';
  let lastEventId = '';

  function dispatch(): void {
    lastEventId = idBuffer;
    if (data !== undefined) sink.event({ event: event === '' ? 'message' : event, data, lastEventId });
    event = '';
    data = undefined;
  }

  function field(name: string, value: string): void {
    if (name === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (name === 'event') event = value;
    else if (name === 'id') {
      if (!value.includes('\0')) idBuffer = value;
    } else if (name === 'retry' && /^[0-9]+$/.test(value)) sink.retry?.(Number(value));
  }

  function line(text: string): void {
    const colon = text.indexOf(':');
    const start = text[colon + 1] === ' ' ? colon + 2 : colon + 1;
    if (text === '') dispatch();
    else if (colon === 0) sink.comment?.(text.slice(1));
    else if (colon === -1) field(text, '');
    else field(text.slice(0, colon), text.slice(start));
  }

  return {
    feed(bytes) {
      let text = utf8.decode(bytes, { stream: true });
      if (text === '') return;
      if (skipLineFeed && text.startsWith('\n')) text = text.slice(1);
      skipLineFeed = text === '' ? false : text.endsWith('\r');
      const lines = (unfinished + text).split(/\r\n|\n|\r/);
      unfinished = lines.pop() ?? '';
      for (const each of lines) line(each);
    },
    get lastEventId() {
      return lastEventId;
    },
  };
}
