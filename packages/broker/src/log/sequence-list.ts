/** Ascending sequences of one topic. Taking from either end is cheap; from the middle costs a move of what follows. */
export interface SequenceList {
  readonly size: number;
  append(seq: number): void;
  remove(seq: number): void;
  /** Index of the first entry that is greater than `seq`; `size` when there is none. */
  indexAfter(seq: number): number;
  /** Entry at `index`, counted from the oldest. */
  at(index: number): number | undefined;
}

export function createSequenceList(): SequenceList {
  const entries: number[] = [];
  // Dropped entries at the front stay until they are half of the array: shifting at each eviction would be quadratic.
  let head = 0;

  function indexAfter(seq: number): number {
    let low = head;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle] as number) <= seq) low = middle + 1;
      else high = middle;
    }
    return low - head;
  }

  return {
    get size() {
      return entries.length - head;
    },
    append: (seq) => void entries.push(seq),
    remove(seq) {
      const index = head + indexAfter(seq) - 1;
      if (index < head || entries[index] !== seq) return;
      if (index !== head) {
        entries.splice(index, 1);
        return;
      }
      head += 1;
      if (head > 32 && head * 2 > entries.length) {
        entries.splice(0, head);
        head = 0;
      }
    },
    indexAfter,
    at: (index) => entries[head + index],
  };
}
