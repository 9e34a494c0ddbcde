/**
 * Ascending sequences of one topic. What was removed stays as a dead entry until half of them are dead, so that removing
 * costs the same wherever it happens: the ttl of a hundred thousand events may end in one second.
 */
export interface SequenceList {
  /** Entries that are not removed. */
  readonly size: number;
  append(seq: number): void;
  /** Must be called once for an entry that `isKept` denies from now on. */
  removed(): void;
  /** The first kept entry that is greater than `seq`. */
  after(seq: number): number | undefined;
  /** The last kept entry that is smaller than `seq`. */
  before(seq: number): number | undefined;
}

// Below this a list is not worth compacting.
const LEAST_DEAD = 32;

/** @param isKept whether an entry is not removed. */
export function createSequenceList(isKept: (seq: number) => boolean): SequenceList {
  let entries: number[] = [];
  let size = 0;

  // Index of the first entry that is greater than `seq`.
  function indexAfter(seq: number): number {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle] as number) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get size() {
      return size;
    },
    append(seq) {
      entries.push(seq);
      size += 1;
    },
    removed() {
      size -= 1;
      const dead = entries.length - size;
      if (dead > LEAST_DEAD && dead > size) entries = entries.filter(isKept);
    },
    after(seq) {
      for (let index = indexAfter(seq); index < entries.length; index += 1) {
        const entry = entries[index] as number;
        if (isKept(entry)) return entry;
      }
      return undefined;
    },
    before(seq) {
      for (let index = indexAfter(seq - 1) - 1; index >= 0; index -= 1) {
        const entry = entries[index] as number;
        if (isKept(entry)) return entry;
      }
      return undefined;
    },
  };
}
