/** Something with a place. */
interface Placed {
  readonly seq: number;
}

const LEAST_SLOTS = 64;

/**
 * Entries by ascending place, the oldest of which leave first: a ring of slots that grows and never shrinks. An entry
 * that leaves out of turn leaves an empty slot, which goes when it is the oldest.
 *
 * Beside each stands what must be known when it leaves. That is long after it came: then the entry itself, and what it
 * refers to, has long left the processor's caches, and looking at it would cost more than all else.
 *
 * Cost: nothing is allocated for an entry, and it is found by its distance from the oldest; after places that never had
 * one, by halves of as many slots as such places.
 */
export class PlaceQueue<Entry extends Placed, Group> {
  #entries: (Entry | undefined)[] = new Array(LEAST_SLOTS).fill(undefined);
  #groups: (Group | undefined)[] = new Array(LEAST_SLOTS).fill(undefined);
  #bytes: number[] = new Array(LEAST_SLOTS).fill(0);
  #places: number[] = new Array(LEAST_SLOTS).fill(0);
  /** The oldest slot; their number is a power of two. */
  #head = 0;
  /** Slots in use, the empty ones among them. */
  #length = 0;
  #size = 0;

  /** Entries that have not left. */
  get size(): number {
    return this.#size;
  }

  get oldest(): Entry | undefined {
    return this.#length === 0 ? undefined : this.#entries[this.#head];
  }

  /** 0 while it is empty. */
  get oldestPlace(): number {
    return this.#length === 0 ? 0 : (this.#places[this.#head] as number);
  }

  /** Its place must be greater than that of every entry before. */
  push(entry: Entry, group: Group, bytes: number): void {
    if (this.#length === this.#entries.length) this.#grow();
    const slot = (this.#head + this.#length) & (this.#entries.length - 1);
    this.#entries[slot] = entry;
    this.#groups[slot] = group;
    this.#bytes[slot] = bytes;
    this.#places[slot] = entry.seq;
    this.#length += 1;
    this.#size += 1;
  }

  get(seq: number): Entry | undefined {
    const slot = this.#slotOf(seq);
    return slot === -1 ? undefined : this.#entries[slot];
  }

  /** What it was pushed with, if it is there. */
  groupOf(seq: number): Group | undefined {
    const slot = this.#slotOf(seq);
    return slot === -1 ? undefined : this.#groups[slot];
  }

  /** Takes an entry out; answers its bytes, 0 when it was not there. */
  delete(seq: number): number {
    const slot = this.#slotOf(seq);
    if (slot === -1 || this.#entries[slot] === undefined) return 0;
    this.#entries[slot] = undefined;
    this.#groups[slot] = undefined;
    this.#size -= 1;
    const mask = this.#entries.length - 1;
    while (this.#length > 0 && this.#entries[this.#head] === undefined) {
      this.#head = (this.#head + 1) & mask;
      this.#length -= 1;
    }
    return this.#bytes[slot] as number;
  }

  #slotOf(seq: number): number {
    if (this.#length === 0) return -1;
    const mask = this.#entries.length - 1;
    const distance = seq - (this.#places[this.#head] as number);
    if (distance < 0) return -1;
    const newest = this.#length - 1;
    const absent =
      (this.#places[(this.#head + newest) & mask] as number) - (this.#places[this.#head] as number) - newest;
    if (distance > newest + absent) return -1;
    // So many places before it had no entry at most: it lies no further back than that.
    let low = Math.max(0, distance - absent);
    let high = Math.min(distance, newest);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[(this.#head + middle) & mask] as number) < seq) low = middle + 1;
      else high = middle;
    }
    const slot = (this.#head + low) & mask;
    return this.#places[slot] === seq ? slot : -1;
  }

  #grow(): void {
    this.#entries = this.#doubled<Entry | undefined>(this.#entries, undefined);
    this.#groups = this.#doubled<Group | undefined>(this.#groups, undefined);
    this.#bytes = this.#doubled(this.#bytes, 0);
    this.#places = this.#doubled(this.#places, 0);
    this.#head = 0;
  }

  #doubled<Value>(slots: readonly Value[], empty: Value): Value[] {
    const inOrder = [...slots.slice(this.#head), ...slots.slice(0, this.#head)];
    return inOrder.concat(new Array(slots.length).fill(empty));
  }
}
