/**
 * The stamps of the newest messages that were fed, by place. A repetition of one has the same stamp; another message in
 * its place shows that the log lost its end and was written on from there.
 */
export interface RecentStamps {
  note(seq: number, stamp: string): void;
  /** Whether the place is known to have held another message; `false` also for what is not remembered. */
  isOther(seq: number, stamp: string): boolean;
  clear(): void;
}

const REMEMBERED = 4_096;

export function createRecentStamps(): RecentStamps {
  const places = new Float64Array(REMEMBERED);
  const stamps: string[] = new Array(REMEMBERED).fill('');
  return {
    note(seq, stamp) {
      places[seq % REMEMBERED] = seq;
      stamps[seq % REMEMBERED] = stamp;
    },
    isOther: (seq, stamp) =>
      stamp !== '' && places[seq % REMEMBERED] === seq && (stamps[seq % REMEMBERED] ?? stamp) !== stamp,
    clear: () => void places.fill(0),
  };
}
