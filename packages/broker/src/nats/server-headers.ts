import { StampReader } from './stamp.ts';
import { STREAM } from './subject.ts';

const ZERO = 48;
const NINE = 57;
// Beyond that many digits a number may not be exact.
const MOST_DIGITS = 15;

const LAST_SEQUENCE = Buffer.from('\r\nNats-Last-Sequence: ');
const TIME_STAMP = Buffer.from('\r\nNats-Time-Stamp: ');
const SEQUENCE = Buffer.from('\r\nNats-Sequence: ');
const OF_STREAM = Buffer.from(`\r\nNats-Stream: ${STREAM}`);
const END = Buffer.from('\r\n\r\n');

/** The line that the server writes for what it stored under a subject, with the line break before it. */
export const subjectLine = (storedSubject: string): Uint8Array => Buffer.from(`\r\nNats-Subject: ${storedSubject}`);

/**
 * What the server says of a message that it republishes. It appends its own lines to the header block, always the same
 * ones in the same order, and does not replace what a client wrote there: so they are read from the end of the block on,
 * and whatever a client forged comes before them. Reading from the end, the first line of a name that is met is its last
 * in the block: the one that counts.
 *
 * Cost: a walk over the bytes of the five lines, nothing allocated: the fields are those of the block that was read last.
 */
export class ServerHeaders {
  readonly stamp: StampReader = new StampReader();
  /** The place of the message. */
  seq = 0;
  /** Where the lines of the server begin, with a line break: what stands before them was written by the publisher. */
  start = 0;

  /**
   * Answers whether the block ends with exactly the lines that the server writes, in their order, about a message of the
   * subject of this line. Otherwise it is for others to read it, name by name.
   */
  read(bytes: Uint8Array, blockBytes: number, line: Uint8Array): boolean {
    let at = before(bytes, blockBytes, END);
    at = before(bytes, this.#numberBefore(bytes, at), LAST_SEQUENCE);
    at = before(bytes, at < 0 ? -1 : this.stamp.readBefore(bytes, at), TIME_STAMP);
    at = before(bytes, this.#numberBefore(bytes, at), SEQUENCE);
    at = before(bytes, at, line);
    this.start = before(bytes, at, OF_STREAM);
    return this.start >= 0;
  }

  // Where the digits begin that end here, or -1 where there are none, or too many; `seq` is their number.
  #numberBefore(bytes: Uint8Array, end: number): number {
    let at = end - 1;
    let number = 0;
    let scale = 1;
    for (; at >= 0 && end - at <= MOST_DIGITS; at -= 1) {
      const byte = bytes[at] as number;
      if (byte < ZERO || byte > NINE) break;
      number += (byte - ZERO) * scale;
      scale *= 10;
    }
    this.seq = number;
    return at + 1 === end ? -1 : at + 1;
  }
}

// Where `text` begins that ends here, or -1 where it does not stand.
function before(bytes: Uint8Array, end: number, text: Uint8Array): number {
  const start = end - text.length;
  if (start < 0) return -1;
  // From its end on: names differ there as soon as anywhere, and subjects sooner.
  for (let at = text.length - 1; at >= 0; at -= 1) if (bytes[start + at] !== text[at]) return -1;
  return start;
}
