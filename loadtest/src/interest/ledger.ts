import { LatencyHistogram, type Percentiles } from '../generator/latency.ts';

/** How many events went which way. */
export interface Account {
  readonly accepted: number;
  /** Of them, how many somebody follows. */
  readonly due: number;
  readonly missing: number;
  readonly repeated: number;
  /** Came to a stream that does not follow them. */
  readonly strayed: number;
}

/** How late events were, in milliseconds. */
export interface Lateness {
  /** Since the request was sent. */
  readonly sinceSent: Percentiles | undefined;
  /** Since the answer that took them; 0 for what was there before the answer. */
  readonly sinceAccepted: Percentiles | undefined;
}

/** Keeps of each event of a run, by its number, when it was sent, accepted and received; times in microseconds. */
export class Ledger {
  /** Which stream follows the event of this number; -1: none. */
  readonly #readerOf: (number: number) => number;
  readonly #sent: Float64Array;
  readonly #accepted: Float64Array;
  readonly #received: Float64Array;
  #acceptedCount = 0;
  #due = 0;
  #got = 0;
  #repeated = 0;
  #strayed = 0;

  constructor(size: number, readerOf: (number: number) => number) {
    this.#readerOf = readerOf;
    this.#sent = new Float64Array(size);
    this.#accepted = new Float64Array(size);
    this.#received = new Float64Array(size);
  }

  get missing(): number {
    return this.#due - this.#got;
  }

  send(number: number, atUs: number): void {
    this.#sent[number] = atUs;
  }

  accept(number: number, atUs: number): void {
    this.#accepted[number] = atUs;
    this.#acceptedCount += 1;
    if (this.#readerOf(number) >= 0) this.#due += 1;
  }

  receive(number: number, reader: number, atUs: number): void {
    if (this.#readerOf(number) !== reader) this.#strayed += 1;
    else if (this.#received[number] !== 0) this.#repeated += 1;
    else {
      this.#received[number] = atUs;
      this.#got += 1;
    }
  }

  /** Of what was accepted: an event that came and was not is not counted as got before it is. */
  account(): Account {
    const { missing } = this;
    return {
      accepted: this.#acceptedCount,
      due: this.#due,
      missing,
      repeated: this.#repeated,
      strayed: this.#strayed,
    };
  }

  /** Of the events from this number on, as many as are told. */
  lateness(from: number, count: number): Lateness {
    const sinceSent = new LatencyHistogram();
    const sinceAccepted = new LatencyHistogram();
    for (let number = from; number < from + count; number += 1) {
      const received = this.#received[number] as number;
      if (received === 0) continue;
      sinceSent.record(received - (this.#sent[number] as number));
      sinceAccepted.record(Math.max(0, received - (this.#accepted[number] as number)));
    }
    return { sinceSent: sinceSent.percentiles(), sinceAccepted: sinceAccepted.percentiles() };
  }

  /** The longest that nothing came between two events, and when it ended. */
  longestSilenceMs(): number {
    const times = this.#received.filter((at) => at > 0).sort();
    return times.reduce((most, at, index) => Math.max(most, at - (times[index - 1] ?? at)), 0) / 1e3;
  }
}

export const isClean = ({ missing, repeated, strayed }: Account): boolean =>
  missing === 0 && repeated === 0 && strayed === 0;
