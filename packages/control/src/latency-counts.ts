// Upper bounds in whole milliseconds, as the clock has them: each to 16, then each an eighth more, to over a minute.
const BOUNDS_MS: readonly number[] = createBounds();
const LARGEST_MS = 60_000;

function createBounds(): number[] {
  const bounds: number[] = [];
  for (let bound = 0; bound < 75_000; bound = Math.max(bound + 1, Math.ceil(bound * 1.125))) bounds.push(bound);
  return bounds;
}

/** Counts of latencies by their size: what two processes counted adds up, place by place. */
export type LatencyCounts = readonly number[];

/** Where a latency is counted. */
export function placeOfLatency(ms: number): number {
  const within = Math.min(ms, LARGEST_MS);
  let low = 0;
  let high = BOUNDS_MS.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((BOUNDS_MS[middle] as number) < within) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The sum of counts. */
export function addLatencies(all: readonly LatencyCounts[]): LatencyCounts {
  const sum: number[] = [];
  for (const counts of all) {
    for (const [place, count] of counts.entries()) sum[place] = (sum[place] ?? 0) + count;
  }
  return Array.from(sum, (count) => count ?? 0);
}

/**
 * The latency that a part of all do not exceed, in milliseconds, at most an eighth too much; `null` where nothing was
 * counted, as JSON says it.
 * @param part from 0 to 1.
 */
export function quantileMs(counts: LatencyCounts, part: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let passed = 0;
  const place = counts.findIndex((count) => {
    passed += count;
    return passed >= total * part && passed > 0;
  });
  return BOUNDS_MS[place] ?? LARGEST_MS;
}
