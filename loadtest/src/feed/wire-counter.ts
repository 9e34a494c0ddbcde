const LF = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const H = 72;
const I = 73;
const M = 77;
const P = 80;

/**
 * Walks over what a NATS server sends, from one message to the next, and counts: it reads the lengths at the ends of their lines
 * and nothing of what they carry. Chunks may end anywhere.
 *
 * Cost: a look at each byte of a message's first line, some forty; payloads are passed at once.
 */
export class WireCounter {
  /** Everything that came, greetings and answers included. */
  bytes = 0;
  messages = 0;
  /** Of the messages alone, with their lines and line breaks. */
  messageBytes = 0;
  readonly #onPing: () => void;
  readonly #onPong: () => void;
  // What is still to be passed of a message's headers and payload.
  #rest = 0;
  // Of the line that is under way: its first two bytes, how many there were, and the number that it ends with so far.
  #first = 0;
  #second = 0;
  #length = 0;
  #number = 0;

  constructor(onPing: () => void, onPong: () => void) {
    this.#onPing = onPing;
    this.#onPong = onPong;
  }

  take(chunk: Uint8Array, length: number): void {
    this.bytes += length;
    let at = 0;
    while (at < length) {
      if (this.#rest > 0) {
        const passed = Math.min(this.#rest, length - at);
        this.#rest -= passed;
        at += passed;
        continue;
      }
      const byte = chunk[at] as number;
      at += 1;
      if (this.#length === 0) this.#first = byte;
      else if (this.#length === 1) this.#second = byte;
      this.#length += 1;
      if (byte === LF) this.#endLine();
      else if (byte === SPACE) this.#number = 0;
      else if (byte >= ZERO && byte <= NINE) this.#number = this.#number * 10 + byte - ZERO;
    }
  }

  #endLine(): void {
    if (this.#first === H || this.#first === M) {
      // What follows has a line break of its own.
      this.#rest = this.#number + 2;
      this.messages += 1;
      this.messageBytes += this.#length + this.#rest;
    } else if (this.#first === P) {
      if (this.#second === I) this.#onPing();
      else this.#onPong();
    }
    this.#length = 0;
    this.#number = 0;
  }
}
