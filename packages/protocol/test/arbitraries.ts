import fc from 'fast-check';
import { anyText } from '../../../test/any-text.ts';

// The grammar is written down again here, from contract section 2 and not from src, so that a hole in src can't hide
// itself by shaping the samples too. White space is Unicode's White_Space plus U+FEFF, which JavaScript counts in.
const WHITE_SPACE =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';

function isControl(codePoint: number): boolean {
  return codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f);
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

/** Whether contract section 2 allows `token` between two dots. */
export function isLegalToken(token: string): boolean {
  return (
    token !== '' &&
    [...token].every((character) => {
      const codePoint = character.codePointAt(0) ?? 0;
      return (
        !isControl(codePoint) &&
        !isSurrogate(codePoint) &&
        !WHITE_SPACE.includes(character) &&
        !'.*>'.includes(character)
      );
    })
  );
}

/** Whether contract section 2 allows `text` as a topic to publish to. */
export function isLegalTopic(text: string): boolean {
  const tokens = text.split('.');
  return tokens.length <= 16 && Buffer.byteLength(text) <= 255 && !text.startsWith('$') && tokens.every(isLegalToken);
}

/** Whether contract section 2 allows `name` as the name of a published event. */
export function isLegalEventName(name: string): boolean {
  const characters = [...name];
  return (
    characters.length >= 1 &&
    characters.length <= 128 &&
    !name.startsWith(' ') &&
    !name.startsWith('hub.') &&
    characters.every((character) => {
      const codePoint = character.codePointAt(0) ?? 0;
      return !isControl(codePoint) && !isSurrogate(codePoint);
    })
  );
}

const tokenPiece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'Z', '0', '9', '_', '-') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('%', '%2e', '%2A', '%', '$', ':', '/', '+', '#', 'é', '日', 'א', '😀', '👩‍🚀', '\u200b'),
  },
  { weight: 1, arbitrary: anyText({ minLength: 1, maxLength: 2 }).filter(isLegalToken) },
);

/** One legal token, plain or not. */
const token: fc.Arbitrary<string> = fc
  .array(tokenPiece, { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(''));

/** Legal topics of 1-16 tokens. */
export const topic: fc.Arbitrary<string> = fc
  .array(token, { minLength: 1, maxLength: 16 })
  .map((tokens) => tokens.join('.'))
  .filter(isLegalTopic);

/** Legal patterns: topics with some tokens turned into `*`, and sometimes a last `>`. */
export const pattern: fc.Arbitrary<string> = fc
  .record({
    tokens: fc.array(fc.oneof({ weight: 3, arbitrary: token }, fc.constant('*')), { minLength: 1, maxLength: 15 }),
    tail: fc.boolean(),
  })
  .map(({ tokens, tail }) => [...tokens, ...(tail ? ['>'] : [])].join('.'))
  .filter((text) => Buffer.byteLength(text) <= 255 && !text.startsWith('$'));

/** Text that could be mistaken for a topic: near misses more than noise. */
export const topicLike: fc.Arbitrary<string> = fc.oneof(
  topic,
  pattern,
  fc
    .array(fc.oneof(tokenPiece, fc.constantFrom('.', '..', '*', '>', ' ', '\r', '\n', '\0', '\u2028', '\ud800', '$')), {
      maxLength: 24,
    })
    .map((pieces) => pieces.join('')),
  anyText({ maxLength: 300 }),
);

const namePiece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'B', '.', '-', '_', ':', ' ', 'status', 'data', 'event', 'id', 'hub') },
  { weight: 2, arbitrary: fc.constantFrom('\u2028', '\u2029', '\u00a0', '\ufeff', '😀', 'א', 'data: x', ': ', '=') },
  { weight: 1, arbitrary: anyText({ minLength: 1, maxLength: 2 }) },
);

/** Legal event names. */
export const eventName: fc.Arbitrary<string> = fc
  .array(namePiece, { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.join(''))
  .filter(isLegalEventName);

/** Text that could be mistaken for an event name. */
export const eventNameLike: fc.Arbitrary<string> = fc.oneof(
  eventName,
  fc
    .array(fc.oneof(namePiece, fc.constantFrom('\r', '\n', '\0', '\u0085', '\ud83d', 'hub.', '\ndata: evil')), {
      maxLength: 8,
    })
    .map((pieces) => pieces.join('')),
  anyText({ maxLength: 140 }),
);

/** Payloads that were chosen to break a framing (HARDENING section 1). */
export const HOSTILE_PAYLOADS: readonly string[] = [
  '',
  ' ',
  '  two spaces first',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\r\r',
  '\n\r',
  '\r\n\r\n',
  '\r\n\r\nevent: evil',
  '\ndata:',
  '\n\ndata: second\n\n',
  'id: 1\nretry: 1\n:comment',
  ':\n\n',
  'a\rb\nc\r\nd',
  'ends in cr\r',
  'ends in lf\n',
  'ends in crlf\r\n',
  'next\u0085line',
  'line\u2028separator\u2029paragraph',
  'vertical\vtab and form\ffeed',
  'nul\0inside',
  '\ufeffbyte order mark',
  'ï»¿the same, seen as latin1',
  '😀👩‍🚀é日א\u200f',
  'data: data: data:',
  '\n'.repeat(500),
  'x'.repeat(5_000),
];

const payloadPiece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('\r', '\n', '\r\n') },
  { weight: 2, arbitrary: fc.constantFrom('data: ', 'event: evil', 'id: 0', 'retry: 1', ':', ' ', '\0', 'hub.bye') },
  { weight: 2, arbitrary: fc.constantFrom('\u0085', '\u2028', '\u2029', '\ufeff', '😀', 'é', '日', 'text') },
  { weight: 1, arbitrary: anyText({ maxLength: 40 }) },
);

/** Payloads of any text that UTF-8 can carry. */
export const payload: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_PAYLOADS),
  fc.array(payloadPiece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  anyText({ maxLength: 200 }),
);

/** Legal epochs of a log. */
export const epoch: fc.Arbitrary<string> = fc.stringMatching(/^[0-9a-z]{1,32}$/);

/** Legal places in a log, the ends of the range more often than chance would. */
export const seq: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 35, 36, Number.MAX_SAFE_INTEGER),
  fc.nat(),
  fc.maxSafeNat(),
);

/** Where to cut a stream: `cut` takes the places modulo the stream's length. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.constant([]),
  fc.array(fc.nat({ max: 100_000 }), { maxLength: 30 }),
);

/** `bytes` in pieces, cut at the given places; empty pieces included. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}

/** `bytes` one by one: the chunking that splits every CRLF and every UTF-8 sequence. */
export function cutEverywhere(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

/** `text` as a test title shows it: cut short, and in visible ASCII. */
export function inTitle(text: string): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 12)}…` : text).replace(/[^ -~…]/g, escaped);
}
