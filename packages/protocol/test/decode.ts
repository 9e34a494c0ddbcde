import { createParser } from 'eventsource-parser';
import { createSseDecoder } from '../src/sse-decoder.ts';

/** What a stream says, in the terms that both decoders share. */
interface Reading {
  readonly events: { event: string; data: string; lastEventId: string }[];
  readonly retries: number[];
  /** Without the one space that may follow the colon. */
  readonly comments: string[];
}

/** A way to read a stream that came in pieces. */
export type Decode = (pieces: readonly Uint8Array[]) => Reading;

/** Reads with our own decoder. */
export const decodeWithOurs: Decode = (pieces) => {
  const reading: Reading = { events: [], retries: [], comments: [] };
  const decoder = createSseDecoder({
    event: (event) => reading.events.push(event),
    retry: (ms) => reading.retries.push(ms),
    comment: (text) => reading.comments.push(text.replace(/^ /, '')),
  });
  for (const piece of pieces) decoder.feed(piece);
  return reading;
};

/** Reads with eventsource-parser, decoding UTF-8 as the stream arrives. */
export const decodeWithThirdParty: Decode = (pieces) => {
  const reading: Reading = { events: [], retries: [], comments: [] };
  let lastEventId = '';
  let primed = false;
  const parser = createParser({
    onEvent: ({ event = 'message', data, id }) => {
      lastEventId = id ?? lastEventId;
      reading.events.push({ event, data, lastEventId });
    },
    onRetry: (ms) => reading.retries.push(ms),
    onComment: (text) => primed && reading.comments.push(text),
  });
  // It looks for a byte order mark as three latin1 characters at the start of its first piece. Ours is gone already, in
  // TextDecoder, and text that merely begins with ï»¿ must stay: a comment first takes that look out of the way.
  parser.feed(':\n');
  primed = true;
  const utf8 = new TextDecoder();
  for (const piece of pieces) parser.feed(utf8.decode(piece, { stream: true }));
  return reading;
};

/** Both, with names for test titles. */
export const DECODERS: readonly (readonly [string, Decode])[] = [
  ['our decoder', decodeWithOurs],
  ['eventsource-parser', decodeWithThirdParty],
];
