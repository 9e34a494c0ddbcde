/** How many events arrived in each slot of time, for the newest slots alone, and the longest pause between two. */
export class Arrivals {
  readonly slotMs: number;
  readonly #counts: Uint16Array;
  readonly #startMs: number;
  #newestSlot = 0;
  #lastMs: number | undefined = undefined;
  #longestPauseMs = 0;

  /** @param startMs by the clock that `add` is called with. */
  constructor(slots: number, slotMs: number, startMs: number) {
    this.slotMs = slotMs;
    this.#counts = new Uint16Array(slots);
    this.#startMs = startMs;
  }

  add(nowMs: number): void {
    this.#turnTo(nowMs);
    const place = this.#newestSlot % this.#counts.length;
    this.#counts[place] = (this.#counts[place] as number) + 1;
    if (this.#lastMs !== undefined) this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** The counts, oldest first. */
  slots(nowMs: number): number[] {
    this.#turnTo(nowMs);
    const { length } = this.#counts;
    return Array.from({ length }, (_, age) => this.#counts[(this.#newestSlot + 1 + age) % length] as number);
  }

  get longestPauseMs(): number {
    return this.#longestPauseMs;
  }

  /** In which of `slots` a moment lies, from 0; `undefined` when it is too old. */
  placeOf(atMs: number, nowMs: number): number | undefined {
    this.#turnTo(nowMs);
    const age = this.#newestSlot - this.#slotOf(atMs);
    return age < this.#counts.length ? this.#counts.length - 1 - age : undefined;
  }

  #slotOf(atMs: number): number {
    return Math.floor((atMs - this.#startMs) / this.slotMs);
  }

  #turnTo(nowMs: number): void {
    const slot = this.#slotOf(nowMs);
    const passed = Math.min(slot - this.#newestSlot, this.#counts.length);
    for (let place = 1; place <= passed; place += 1) this.#counts[(this.#newestSlot + place) % this.#counts.length] = 0;
    if (passed === this.#counts.length) this.#counts.fill(0);
    this.#newestSlot = Math.max(this.#newestSlot, slot);
  }
}
