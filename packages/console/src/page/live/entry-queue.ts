/** First in, first out, with a place for each: both ends and every place cost the same, however many there are. */
export interface EntryQueue<Entry> {
  readonly length: number;
  at(place: number): Entry | undefined;
  push(entry: Entry): void;
  shift(): Entry | undefined;
  /** The first place whose entry is not before what is sought, by an order that the queue is in. */
  search(isBefore: (entry: Entry) => boolean): number;
}

// An array's own shift moves all that is behind it. What has left is let go of in one go, now and then.
const MOST_GONE = 1_024;

export function createEntryQueue<Entry>(): EntryQueue<Entry> {
  let entries: (Entry | undefined)[] = [];
  let gone = 0;
  return {
    get length() {
      return entries.length - gone;
    },
    at: (place) => (place < 0 ? undefined : entries[gone + place]),
    push: (entry) => void entries.push(entry),
    shift() {
      if (gone === entries.length) return undefined;
      const entry = entries[gone];
      entries[gone] = undefined;
      gone += 1;
      if (gone > MOST_GONE) {
        entries = entries.slice(gone);
        gone = 0;
      }
      return entry;
    },
    search(isBefore) {
      let low = gone;
      let high = entries.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (isBefore(entries[middle] as Entry)) low = middle + 1;
        else high = middle;
      }
      return low - gone;
    },
  };
}
