// 64 steps for each doubling: neighbours differ by 1.1%, and 2,048 counters reach to more than an hour.
const STEPS = 64;
const BUCKETS = 2_048;

/** Percentiles of times, in milliseconds. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counts times in steps of about 1%, at the same small cost for any number of them. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #maxUs = 0;

  record(us: number): void {
    const bucket = us <= 1 ? 0 : Math.floor(Math.log2(us) * STEPS);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#total += 1;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#maxUs = 0;
  }

  /** Nothing while nothing was recorded. */
  percentiles(): Percentiles | undefined {
    if (this.#total === 0) return undefined;
    return { p50Ms: this.#percentileMs(0.5), p99Ms: this.#percentileMs(0.99), maxMs: this.#maxUs / 1e3 };
  }

  // The upper edge of the bucket, so that no percentile is told smaller than it was; none exceeds the largest time.
  #percentileMs(share: number): number {
    const rank = Math.ceil(this.#total * share);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return Math.min(2 ** ((bucket + 1) / STEPS), this.#maxUs) / 1e3;
    }
    return this.#maxUs / 1e3;
  }
}
