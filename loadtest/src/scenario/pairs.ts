import type { Measurement, Row } from '../report/row.ts';
import { median, medianBy } from '../report/statistics.ts';

/** What a pair is made of: the product, and the floor it is compared with. */
export interface Pair {
  readonly rounds: number;
  floor(): Promise<Measurement>;
  tidings(): Promise<Measurement>;
}

/** The figures of several rounds. */
export type PairResult = Measurement & Pick<Row, 'floor' | 'ratio'>;

// A slow machine gets fewer rounds, so that a whole run stays bounded.
const MOST_MS = 45_000;

/**
 * Measures both in turn, and takes medians. The two of a round ran one after the other, so their ratio stands even where
 * the machine's speed drifts.
 */
export async function runPairs({ rounds, floor, tidings }: Pair): Promise<PairResult> {
  const pairs: { floor: Measurement; tidings: Measurement }[] = [];
  const startMs = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    const elapsedMs = performance.now() - startMs;
    if (round > 0 && elapsedMs + elapsedMs / round > MOST_MS) break;
    pairs.push({ floor: await floor(), tidings: await tidings() });
  }
  const speed = ({ rate }: Measurement): number => rate?.perCpuSec ?? 0;
  const middle = medianBy(
    pairs.map((pair) => pair.tidings),
    speed,
  );
  const floorRate = medianBy(
    pairs.map((pair) => pair.floor),
    speed,
  ).rate;
  const notes = pairs.length < rounds ? [...middle.notes, `${pairs.length} of ${rounds} rounds`] : middle.notes;
  return {
    ...middle,
    notes,
    ...(floorRate !== undefined && { floor: floorRate }),
    ratio: median(pairs.map((pair) => speed(pair.tidings) / speed(pair.floor))),
  };
}
