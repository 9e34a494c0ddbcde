/** Something with a place in the log. */
export interface Placed {
  readonly seq: number;
  /** What it weighs while it is held. */
  readonly bytes: number;
}

// Early messages that are kept; beyond either, one is dropped, and fetched when its turn comes.
const MOST_HELD = 20_000;
const MOST_HELD_BYTES = 16_777_216;

/**
 * Puts what comes in any order, with repetitions and holes, into the order of the log. A place is passed only when its
 * message was fed, or when it is proven that the log has none there.
 */
export class FeedOrder<Entry extends Placed> {
  readonly #feed: (entry: Entry) => void;
  readonly #held = new Map<number, Entry>();
  #heldBytes = 0;
  #position = 0;
  #target = 0;

  constructor(feed: (entry: Entry) => void) {
    this.#feed = feed;
  }

  /** Everything up to here was fed, or is proven not to exist. */
  get position(): number {
    return this.#position;
  }

  /** The highest place that is known to be missing; not above `position` when nothing is. */
  get target(): number {
    return this.#target;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Begins anew after the place `head`: everything up to it counts as fed. */
  restart(head: number): void {
    this.#held.clear();
    this.#heldBytes = 0;
    this.#position = head;
    this.#target = head;
  }

  /** Takes a message from the live feed. `early` says that places before it are missing. */
  accept(entry: Entry): 'fed' | 'early' | 'old' {
    if (entry.seq <= this.#position) return 'old';
    if (entry.seq === this.#position + 1) {
      this.#pass(entry);
      this.#release();
      return 'fed';
    }
    this.#target = Math.max(this.#target, entry.seq - 1);
    this.#hold(entry);
    return 'early';
  }

  /**
   * Takes a message of which it is proven that the log has none between it and the present position, and answers whether
   * it was new.
   */
  acceptProven(entry: Entry): boolean {
    if (entry.seq <= this.#position) return false;
    // It may be held as well; at once, or finding it later would be a walk over all that is held.
    this.#take(entry.seq);
    this.#pass(entry);
    this.#release();
    return true;
  }

  /** What came early belongs to another log: it is dropped, and nothing counts as missing. */
  forget(): void {
    this.restart(this.#position);
  }

  /** It is proven that the log has nothing after the present position up to and including `through`. */
  skip(through: number): void {
    if (through <= this.#position) return;
    this.#position = through;
    this.#release();
  }

  #hold(entry: Entry): void {
    if (this.#held.has(entry.seq)) return;
    if (this.#held.size >= MOST_HELD || this.#heldBytes + entry.bytes > MOST_HELD_BYTES) {
      // It is missing from now on, like those before it.
      this.#target = Math.max(this.#target, entry.seq);
      return;
    }
    this.#held.set(entry.seq, entry);
    this.#heldBytes += entry.bytes;
  }

  #pass(entry: Entry): void {
    // Before it is fed: whoever asks for the position while it is told of a message must find that message's.
    this.#position = entry.seq;
    this.#feed(entry);
  }

  // Feeds what was held and has its turn now, and forgets what was passed by another way.
  #release(): void {
    if (this.#held.size === 0) return;
    for (let next = this.#take(this.#position + 1); next !== undefined; next = this.#take(this.#position + 1)) {
      this.#pass(next);
    }
    // Held messages that a skip has passed. Only then may any be behind: a walk at each step would cost too much.
    if (this.#held.size > 0 && this.#oldestHeld() <= this.#position) {
      for (const seq of [...this.#held.keys()]) if (seq <= this.#position) this.#take(seq);
    }
  }

  // The first that was held came first, and is nearly always the oldest; whichever is behind is found in the end.
  #oldestHeld(): number {
    return this.#held.keys().next().value ?? Number.POSITIVE_INFINITY;
  }

  #take(seq: number): Entry | undefined {
    const entry = this.#held.get(seq);
    if (entry === undefined) return undefined;
    this.#held.delete(seq);
    this.#heldBytes -= entry.bytes;
    return entry;
  }
}
