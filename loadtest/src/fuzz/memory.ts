import { median } from '../report/statistics.ts';
import type { Holding } from './target.ts';

/** Of a run so short that caches and compiled code still grow nothing can be said. */
const FEWEST_SAMPLES = 12;
// Measured right after a collection: what is more is held. Over half a run a leak of 1 KB for each input is more than this.
const MOST_HEAP_GROWTH_MB = 6;
const MOST_HEAP_GROWTH = 0.08;
// The allocator keeps pages of buffers that were large once, and gives them back when it likes.
const MOST_RSS_GROWTH_MB = 40;
const MOST_RSS_GROWTH = 0.15;

/** Whether memory is flat: the median of the last quarter of the samples against that of the second. */
export function judgeMemory(samples: readonly Holding[]): { told: string; fault: string | undefined } {
  const quarter = Math.floor(samples.length / 4);
  if (samples.length < FEWEST_SAMPLES)
    return { told: `memory: ${samples.length} samples, too few to judge`, fault: undefined };
  const second = samples.slice(quarter, 2 * quarter);
  const last = samples.slice(-quarter);
  const told: string[] = [];
  let fault: string | undefined;
  for (const [name, of, mostMb, most] of [
    ['heap', ({ heapMb }: Holding) => heapMb, MOST_HEAP_GROWTH_MB, MOST_HEAP_GROWTH],
    ['RSS', ({ rssMb }: Holding) => rssMb, MOST_RSS_GROWTH_MB, MOST_RSS_GROWTH],
  ] as const) {
    const [before, after] = [median(second.map(of)), median(last.map(of))];
    told.push(`${name} ${before.toFixed(1)} -> ${after.toFixed(1)} MB`);
    if (after - before > Math.max(mostMb, before * most))
      fault = `the ${name} grew from ${before.toFixed(1)} to ${after.toFixed(1)} MB`;
  }
  return { told: `memory: ${told.join(', ')}`, fault };
}
