/** What became of numbered events, of which each was to arrive once and in the order of the numbers. */
export interface SequenceCounts {
  readonly accepted: number;
  readonly received: number;
  /** Accepted, and newer than all that arrived: they may still come. */
  readonly onTheWay: number;
  /** A later one arrived, and they did not. */
  readonly missing: number;
  readonly repeated: number;
  /** Arrived after a later one. */
  readonly late: number;
}

/**
 * Compares what was accepted with what arrives. Since the events of a topic arrive in their order, one that is passed over
 * counts as missing at once, and not after a time; should it come all the same, it was late.
 */
export class SequenceTally {
  #accepted = 0;
  #received = 0;
  #highest = 0;
  #repeated = 0;
  #late = 0;
  readonly #missing = new Set<number>();

  /** The publisher has it confirmed that this number is stored; numbers are accepted from 1 on, without a hole. */
  accept(number: number): void {
    this.#accepted = Math.max(this.#accepted, number);
  }

  /**
   * @param data of an event. Others may publish to the topic too: what is no number, or one that is not yet published, is
   *   none of ours. One number at a time is published and not known to be stored.
   */
  receive(data: unknown): void {
    const number = Number.isSafeInteger(data) ? (data as number) : 0;
    if (number < 1 || number > this.#accepted + 1) return;
    if (number > this.#highest) {
      for (let passed = this.#highest + 1; passed < number; passed += 1) this.#missing.add(passed);
      this.#highest = number;
      this.#received += 1;
    } else if (this.#missing.delete(number)) {
      this.#received += 1;
      this.#late += 1;
    } else {
      this.#repeated += 1;
    }
  }

  get counts(): SequenceCounts {
    return {
      accepted: this.#accepted,
      received: this.#received,
      onTheWay: Math.max(0, this.#accepted - this.#highest),
      missing: this.#missing.size,
      repeated: this.#repeated,
      late: this.#late,
    };
  }

  /** Everything that was accepted has arrived, once and in order. */
  get isExact(): boolean {
    const { onTheWay, missing, repeated, late } = this.counts;
    return onTheWay === 0 && missing === 0 && repeated === 0 && late === 0;
  }
}
