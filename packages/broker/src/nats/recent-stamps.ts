import type { Stamp } from './stamp.ts';

/**
 * The stamps of the newest messages that were fed, by place. A repetition of one has the same stamp; another message in
 * its place shows that the log lost its end and was written on from there.
 */
export interface RecentStamps {
  note(seq: number, stamp: Stamp): void;
  /** Whether the place is known to have held another message; `false` also for what is not remembered. */
  isOther(seq: number, stamp: Stamp): boolean;
  /** Whether the place is known to have held this very message. */
  isSame(seq: number, stamp: Stamp): boolean;
  clear(): void;
}

const REMEMBERED = 4_096;

/** Cost of a note: three numbers written, nothing allocated. */
export function createRecentStamps(): RecentStamps {
  const places = new Float64Array(REMEMBERED);
  const timesMs = new Float64Array(REMEMBERED);
  const subMs = new Uint32Array(REMEMBERED);
  return {
    note(seq, stamp) {
      const at = seq % REMEMBERED;
      places[at] = seq;
      timesMs[at] = stamp.timeMs;
      subMs[at] = stamp.subMs;
    },
    isOther(seq, stamp) {
      const at = seq % REMEMBERED;
      if (places[at] !== seq || Number.isNaN(stamp.timeMs) || Number.isNaN(timesMs[at])) return false;
      return timesMs[at] !== stamp.timeMs || subMs[at] !== stamp.subMs;
    },
    isSame(seq, stamp) {
      const at = seq % REMEMBERED;
      return places[at] === seq && timesMs[at] === stamp.timeMs && subMs[at] === stamp.subMs;
    },
    clear: () => void places.fill(0),
  };
}
