import { createEntryQueue, type EntryQueue } from './entry-queue.ts';
import type { LiveEntry } from './live-entry.ts';

/** How much of what came is kept. Over either bound the oldest go. */
export interface LogBounds {
  readonly maxEntries: number;
  /** Of data: events may have a megabyte each. */
  readonly maxBytes: number;
}

export const LOG_BOUNDS: LogBounds = { maxEntries: 10_000, maxBytes: 64_000_000 };

/** What the page keeps of what came, and the part of it that is shown. */
export interface EventLog {
  /** Those that pass the filter, oldest first. */
  readonly shown: Pick<EntryQueue<LiveEntry>, 'length' | 'at' | 'search'>;
  /** Entries that have left `shown` at its head to keep the bounds: so far have the rows moved up. */
  readonly passed: number;
  readonly isPaused: boolean;
  /** Entries that came since the pause and are kept for its end, within the same bounds. */
  readonly waiting: number;
  /** Entries that were let go of to keep the bounds, those that a pause was too long for included. */
  readonly dropped: number;
  push(entry: LiveEntry): void;
  /** Nothing changes what is shown until `resume`. */
  pause(): void;
  resume(): void;
  setFilter(isShown: (entry: LiveEntry) => boolean): void;
  /** Lets go of everything, what waits included. Not of the count of what was dropped. */
  clear(): void;
}

/** Entries in order, within bounds. */
interface BoundedEntries {
  readonly entries: EntryQueue<LiveEntry>;
  push(entry: LiveEntry): void;
}

export function createEventLog(bounds: LogBounds = LOG_BOUNDS): EventLog {
  let isShown = (_entry: LiveEntry): boolean => true;
  let dropped = 0;
  let passed = 0;
  let shown = createEntryQueue<LiveEntry>();

  const createBounded = (left: (entry: LiveEntry) => void = () => {}): BoundedEntries => {
    const entries = createEntryQueue<LiveEntry>();
    let bytes = 0;
    return {
      entries,
      push(entry) {
        entries.push(entry);
        bytes += entry.bytes;
        // The newest stays, however large.
        while (entries.length > bounds.maxEntries || (bytes > bounds.maxBytes && entries.length > 1)) {
          const gone = entries.shift() as LiveEntry;
          bytes -= gone.bytes;
          dropped += 1;
          left(gone);
        }
      },
    };
  };
  const createKept = (): BoundedEntries =>
    createBounded((gone) => {
      if (shown.at(0) !== gone) return;
      shown.shift();
      passed += 1;
    });

  let kept = createKept();
  let waiting: BoundedEntries | undefined;

  function keep(entry: LiveEntry): void {
    if (isShown(entry)) shown.push(entry);
    kept.push(entry);
  }

  return {
    get shown() {
      return shown;
    },
    get passed() {
      return passed;
    },
    get isPaused() {
      return waiting !== undefined;
    },
    get waiting() {
      return waiting?.entries.length ?? 0;
    },
    get dropped() {
      return dropped;
    },
    push(entry) {
      if (waiting) waiting.push(entry);
      else keep(entry);
    },
    pause() {
      waiting ??= createBounded();
    },
    resume() {
      const came = waiting?.entries;
      waiting = undefined;
      for (let entry = came?.shift(); entry; entry = came?.shift()) keep(entry);
    },
    setFilter(filter) {
      isShown = filter;
      shown = createEntryQueue();
      for (let place = 0; place < kept.entries.length; place += 1) {
        const entry = kept.entries.at(place) as LiveEntry;
        if (isShown(entry)) shown.push(entry);
      }
    },
    clear() {
      shown = createEntryQueue();
      kept = createKept();
      if (waiting) waiting = createBounded();
    },
  };
}
