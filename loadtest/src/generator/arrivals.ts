import type { ScanListener } from './scan.ts';

/** Counts every event that any stream of this process got, and waits for a number of them. */
export class Arrivals implements ScanListener {
  #count = 0;
  #awaited = -1;
  #reached: () => void = () => {};

  get count(): number {
    return this.#count;
  }

  received(): void {
    this.#count += 1;
    if (this.#count === this.#awaited) this.#reached();
  }

  /** Resolves when so many have come in all; one caller at a time. */
  reach(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#awaited = count;
      this.#reached = resolve;
    });
  }
}
