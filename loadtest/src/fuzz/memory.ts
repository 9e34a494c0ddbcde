import { median } from '../report/statistics.ts';
import type { Holding } from './target.ts';

/** What was held while inputs were sent, without the time in which it has to grow; and around it all. */
export interface MemoryEvidence {
  readonly base: Holding;
  readonly during: readonly Holding[];
  /** Once everything that was opened is closed again; nothing where that was not waited for. */
  readonly after: Holding | undefined;
  /** How many there were. */
  readonly inputs: number;
}

/** Of fewer nothing is said. */
const FEWEST_SAMPLES = 12;
// Measured right after a collection. How much peers that broke the protocol of HTTP/2 hold for a minute goes up and down.
const MOST_HEAP_GROWTH_MB = 6;
const MOST_HEAP_GROWTH = 0.15;
// The allocator keeps pages of buffers that were large once, and gives them back when it likes.
const MOST_RSS_GROWTH_MB = 40;
const MOST_RSS_GROWTH = 0.15;
// Compiled code, and history until it is full.
const MOST_MORE_HEAP_MB = 12;
// Some inputs are accepted, and kept for minutes or days: events, idempotency keys, tickets, revocations. About 100 bytes for each
// input were seen; a connection or a request that leaks is 1 KB at least.
const KEPT_MB_PER_INPUT = 200e-6;

/** Whether memory is flat: the median of the last quarter against that of the second, and the heap when all is over. */
export function judgeMemory({ base, during, after, inputs }: MemoryEvidence): {
  told: string;
  fault: string | undefined;
} {
  const told: string[] = [];
  const keptMb = inputs * KEPT_MB_PER_INPUT;
  let fault: string | undefined;
  const grown = (name: string, from: number, to: number, mostMb: number): void => {
    told.push(`${name} ${from.toFixed(1)} -> ${to.toFixed(1)} MB`);
    if (to - from > mostMb + keptMb) fault ??= `${name} grew from ${from.toFixed(1)} to ${to.toFixed(1)} MB`;
  };
  if (during.length >= FEWEST_SAMPLES) {
    const quarter = Math.floor(during.length / 4);
    const [second, last] = [during.slice(quarter, 2 * quarter), during.slice(-quarter)];
    const [heap, heapAfter] = [second, last].map((part) => median(part.map(({ heapMb }) => heapMb))) as [
      number,
      number,
    ];
    const [rss, rssAfter] = [second, last].map((part) => median(part.map(({ rssMb }) => rssMb))) as [number, number];
    grown('the heap', heap, heapAfter, Math.max(MOST_HEAP_GROWTH_MB, heap * MOST_HEAP_GROWTH));
    grown('RSS', rss, rssAfter, Math.max(MOST_RSS_GROWTH_MB, rss * MOST_RSS_GROWTH));
  }
  if (after !== undefined) grown('from before to afterwards the heap', base.heapMb, after.heapMb, MOST_MORE_HEAP_MB);
  return { told: `memory:  ${told.join(', ') || 'too few samples to judge'}`, fault };
}
