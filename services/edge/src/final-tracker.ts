/**
 * Which of a finite stream's topics are finished (contract section 6): a topic is while its newest event is final, and a
 * later event reopens it.
 */
export class FinalTracker {
  readonly #open: Set<string>;

  constructor(topics: readonly string[]) {
    this.#open = new Set(topics);
  }

  /** The topic's newest event has passed. */
  note(topic: string, final: boolean): void {
    if (final) this.#open.delete(topic);
    else this.#open.add(topic);
  }

  /** Every topic is finished. */
  get done(): boolean {
    return this.#open.size === 0;
  }
}
