/** When the server stored a message: with its place, what the message is known by. */
export interface Stamp {
  /** Milliseconds since 1970; `NaN` where nobody said. */
  readonly timeMs: number;
  /** The nanoseconds beyond them, 0 to 999,999. */
  readonly subMs: number;
}

const ZERO = 48;
const NINE = 57;
const POINT = 46;
const ZULU = 90;
// `2026-11-21T10:00:00`
const SECOND_BYTES = 19;
const SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;
const MOST_DIGITS = 9;

/**
 * Reads the stamps of the server (RFC 3339 in UTC, to the nanosecond, without trailing zeros) from their end on. Messages
 * come in thousands each second: the text of a second is parsed once, and compared from then on.
 *
 * Cost: a walk over the thirty bytes of a stamp, nothing allocated.
 */
export class StampReader implements Stamp {
  timeMs: number = Number.NaN;
  subMs: number = 0;
  readonly #second = new Uint8Array(SECOND_BYTES);
  #secondMs = Number.NaN;

  /** Reads the stamp that ends before `end`; answers where it starts, or -1 where none of the server's form stands. */
  readBefore(bytes: Uint8Array, end: number): number {
    if (bytes[end - 1] !== ZULU) return -1;
    let at = end - 2;
    let fraction = 0;
    let scale = 1;
    // Whole nanoseconds, from the last digit to the first.
    for (; end - 2 - at < MOST_DIGITS; at -= 1) {
      const byte = bytes[at] as number;
      if (!(byte >= ZERO && byte <= NINE)) break;
      fraction += (byte - ZERO) * scale;
      scale *= 10;
    }
    const digits = end - 2 - at;
    const isFraction = digits > 0 && bytes[at] === POINT;
    const secondEnd = isFraction ? at : end - 1;
    const start = secondEnd - SECOND_BYTES;
    if (start < 0 || !this.#readSecond(bytes, start)) return -1;
    const nanos = isFraction ? fraction * (1e9 / scale) : 0;
    const ms = Math.floor(nanos / 1e6);
    this.timeMs = this.#secondMs + ms;
    this.subMs = nanos - ms * 1e6;
    return start;
  }

  #readSecond(bytes: Uint8Array, start: number): boolean {
    const second = this.#second;
    let at = 0;
    while (at < SECOND_BYTES && bytes[start + at] === second[at]) at += 1;
    if (at === SECOND_BYTES) return true;
    const text = Buffer.from(bytes.subarray(start, start + SECOND_BYTES)).toString('latin1');
    const secondMs = SECOND.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
    if (Number.isNaN(secondMs)) return false;
    second.set(bytes.subarray(start, start + SECOND_BYTES));
    this.#secondMs = secondMs;
    return true;
  }
}

/** A stamp from a header's value, whatever form it has. */
export function parseStamp(text: string): Stamp {
  const reader = new StampReader();
  if (reader.readBefore(Buffer.from(text, 'latin1'), text.length) === 0) return reader;
  return { timeMs: Date.parse(text), subMs: 0 };
}
