/** Times in buckets that each are a hundredth wider than the one before, so that any number of them takes a few kilobytes. */
export interface Latencies {
  readonly count: number;
  readonly maxMs: number;
  note(ms: number): void;
  /** The time that the share `quantile` of all stays within, to 1%; 0 without any. */
  quantileMs(quantile: number): number;
}

const LEAST_MS = 0.01;
const GROWTH = Math.log(1.01);
const BUCKETS = 2_000;

const bucketOf = (ms: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / LEAST_MS) / GROWTH)));

export function createLatencies(): Latencies {
  const buckets = new Uint32Array(BUCKETS);
  let count = 0;
  let maxMs = 0;
  return {
    get count() {
      return count;
    },
    get maxMs() {
      return maxMs;
    },
    note(ms) {
      const bucket = bucketOf(ms);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
      maxMs = Math.max(maxMs, ms);
    },
    quantileMs(quantile) {
      const wanted = Math.ceil(quantile * count);
      let seen = 0;
      for (const [bucket, inIt] of buckets.entries()) {
        seen += inIt;
        if (inIt > 0 && seen >= wanted) return Math.min(maxMs, LEAST_MS * Math.exp(bucket * GROWTH));
      }
      return 0;
    },
  };
}
