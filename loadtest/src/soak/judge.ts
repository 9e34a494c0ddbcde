import { atMost, type Verdict } from '../report/goal.ts';
import { slope } from '../report/statistics.ts';
import type { Sample } from './sample.ts';

/** The first part of a run, in which code is compiled and buffers and history fill up, is not judged. */
const WARM_UP_SHARE = 0.3;
// Over the judged time. The heap is measured after collections; resident memory moves with how the allocator keeps pages.
const MOST_HEAP_GROWTH = 0.02;
const MOST_RSS_GROWTH = 0.05;
// A connection of the metrics' reader, or a timer that is about to end.
const MOST_MORE_HANDLES = 5;
// Compiled code, and the history that is kept: no stream.
const MOST_MORE_HEAP_MB = 15;
const FEWEST_SAMPLES = 4;

/** What came of a soak. */
export interface SoakEvidence {
  /** Before the first client, while all are there, and once all have left. */
  readonly base: Sample;
  readonly during: readonly Sample[];
  readonly after: Sample;
  /** What went wrong for clients. */
  readonly faults: readonly string[];
}

/** Judges whether anything is kept that should not be. */
export function judgeSoak({ base, during, after, faults }: SoakEvidence): Verdict[] {
  const endSec = during.at(-1)?.atSec ?? 0;
  const startSec = during[0]?.atSec ?? 0;
  const judged = during.filter(({ atSec }) => atSec >= startSec + (endSec - startSec) * WARM_UP_SHARE);
  const growth = (of: (sample: Sample) => number): number => {
    const perSec = slope(judged.map((sample) => ({ x: sample.atSec, y: of(sample) })));
    const mean = judged.reduce((sum, sample) => sum + of(sample), 0) / judged.length;
    return (perSec * (endSec - (judged[0]?.atSec ?? 0))) / mean;
  };
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  const rss = growth(({ rssMb }) => rssMb);
  const heap = growth(({ heapMb }) => heapMb);
  const files = after.files === undefined || base.files === undefined ? 0 : after.files - base.files;
  return [
    {
      goal: `at least ${FEWEST_SAMPLES} samples after warm-up (${judged.length})`,
      met: judged.length >= FEWEST_SAMPLES,
    },
    atMost(`resident memory grows < ${percent(MOST_RSS_GROWTH)} (${percent(rss)})`, rss, MOST_RSS_GROWTH),
    atMost(`heap grows < ${percent(MOST_HEAP_GROWTH)} (${percent(heap)})`, heap, MOST_HEAP_GROWTH),
    atMost(
      `the heap is back (${base.heapMb.toFixed(1)}, then ${after.heapMb.toFixed(1)} MB)`,
      after.heapMb - base.heapMb,
      MOST_MORE_HEAP_MB,
    ),
    atMost(`no stream is left (${after.streams})`, after.streams, 0),
    atMost(
      `handles are back (${base.handles}, then ${after.handles})`,
      after.handles - base.handles,
      MOST_MORE_HANDLES,
    ),
    atMost(`files are back (${base.files}, then ${after.files})`, files, MOST_MORE_HANDLES),
    { goal: `clients had no fault${faults.length === 0 ? '' : `: ${faults.join('; ')}`}`, met: faults.length === 0 },
  ];
}
