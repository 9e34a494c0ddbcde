/** When entries end by their ttl: whole seconds, so that they lie in one bucket for each second. */
export interface ExpiryQueue {
  add(seq: number, expiresAtMs: number): void;
  /** The entry has left before its time. */
  removed(expiresAtMs: number): void;
  /** Up to `most` entries whose time has come; the others come with the next call. */
  takeDue(nowMs: number, most: number): readonly number[];
}

interface Bucket {
  readonly sequences: number[];
  /** Entries that have not left before their time; a bucket without any is dropped, and with it its memory. */
  kept: number;
}

const NONE: readonly number[] = [];

const toSec = (expiresAtMs: number): number => Math.ceil(expiresAtMs / 1000);

export function createExpiryQueue(): ExpiryQueue {
  const buckets = new Map<number, Bucket>();
  // Seconds that are over, and how far the first of them was taken.
  const due: number[][] = [];
  let taken = 0;
  let sweptSec = 0;

  function collect(nowSec: number): void {
    if (nowSec === sweptSec) return;
    sweptSec = nowSec;
    for (const [second, { sequences }] of buckets) {
      if (second > nowSec) continue;
      buckets.delete(second);
      due.push(sequences);
    }
  }

  return {
    add(seq, expiresAtMs) {
      const second = toSec(expiresAtMs);
      const bucket = buckets.get(second);
      if (bucket === undefined) buckets.set(second, { sequences: [seq], kept: 1 });
      else {
        bucket.sequences.push(seq);
        bucket.kept += 1;
      }
    },
    removed(expiresAtMs) {
      const second = toSec(expiresAtMs);
      const bucket = buckets.get(second);
      if (bucket === undefined) return;
      bucket.kept -= 1;
      if (bucket.kept === 0) buckets.delete(second);
    },
    takeDue(nowMs, most) {
      collect(Math.floor(nowMs / 1000));
      const [first] = due;
      if (first === undefined) return NONE;
      const part = first.slice(taken, taken + most);
      taken += most;
      if (taken >= first.length) {
        due.shift();
        taken = 0;
      }
      return part;
    },
  };
}
