/** The last thing after which a delivery could not be expected at once. */
export interface Touch {
  readonly name: string;
  readonly endMs: number;
}

export interface Lateness {
  readonly ms: number;
  /** The fault, or what the client did, that came last before it. */
  readonly after: string;
}

// Upper bounds of the classes of delay, each a quarter more than the one before: 1 ms to some minutes.
const CLASSES = Array.from({ length: 56 }, (_, index) => 1.25 ** index);
const AT_START: Touch = { name: 'the start', endMs: Number.NEGATIVE_INFINITY };

/** How late events were, as each came. Times are of `performance.now()`. */
export class Punctuality {
  readonly #running = new Map<object, string>();
  readonly #worst = new Map<string, number>();
  readonly #classes: number[] = CLASSES.map(() => 0);
  #last: Touch = AT_START;
  readonly #longest: { ms: number; text: string }[] = [];
  #observed = 0;

  /** A fault begins that touches everybody; call what it gives back when it ends. */
  begin(name: string): () => void {
    const token = {};
    this.#running.set(token, name);
    return () => {
      this.#running.delete(token);
      this.#last = { name, endMs: performance.now() };
    };
  }

  /**
   * An event came now.
   * @param own what last touched its client alone: it connected, or stopped reading for a while.
   * @param describe says whose it was, should that be worth telling.
   */
  observe(acceptedMs: number, own: Touch, describe: () => string): void {
    const nowMs = performance.now();
    const delayMs = Math.max(0, nowMs - Math.max(acceptedMs, own.endMs));
    this.#observed += 1;
    if (delayMs > this.longestMs * 1.1) this.#noteLongest(delayMs, acceptedMs, own, describe());
    const place = CLASSES.findIndex((bound) => delayMs <= bound);
    const index = place === -1 ? CLASSES.length - 1 : place;
    this.#classes[index] = (this.#classes[index] as number) + 1;
    // While a fault lasts nobody is late.
    if (this.#running.size > 0) return;
    const touch = own.endMs > this.#last.endMs ? own : this.#last;
    const lateMs = Math.max(0, nowMs - Math.max(acceptedMs, touch.endMs));
    if (lateMs > (this.#worst.get(touch.name) ?? 0)) this.#worst.set(touch.name, lateMs);
  }

  /** The longest wait after each fault had ended, longest first. */
  get worst(): Lateness[] {
    return [...this.#worst].map(([after, ms]) => ({ ms, after })).sort((a, b) => b.ms - a.ms);
  }

  #noteLongest(ms: number, acceptedMs: number, own: Touch, whose: string): void {
    const [accepted, since, now] = [acceptedMs, own.endMs, performance.now()].map((at) => (at / 1000).toFixed(1));
    const text = `accepted at ${accepted} s, came at ${now} s, ${own.name} at ${since} s: ${whose}`;
    this.#longest.push({ ms, text });
  }

  /** The longest wait of a client that was connected and read, faults or none; up to a tenth too low. */
  get longestMs(): number {
    return this.#longest.at(-1)?.ms ?? 0;
  }

  /** The last records of the longest wait, in words; times are of this process. */
  get longest(): string[] {
    return this.#longest.slice(-3).map(({ text }) => text);
  }

  /** Below this were so many of all waits, faults included; a bound of a class, so up to a quarter too high. */
  quantileMs(share: number): number {
    let seen = 0;
    const index = this.#classes.findIndex((count) => {
      seen += count;
      return seen >= share * this.#observed;
    });
    return CLASSES[index] ?? 0;
  }
}
