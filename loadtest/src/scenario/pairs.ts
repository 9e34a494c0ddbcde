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

/**
 * Measures both in turn, and takes medians. The two of a round ran one after the other, so their ratio stands even where
 * the machine's speed drifts.
 */
export async function runPairs({ rounds, floor, tidings }: Pair): Promise<PairResult> {
  const pairs: { floor: Measurement; tidings: Measurement }[] = [];
  for (let round = 0; round < rounds; round += 1) pairs.push({ floor: await floor(), tidings: await tidings() });
  const speed = ({ rate }: Measurement): number => rate?.perCpuSec ?? 0;
  const middle = medianBy(
    pairs.map((pair) => pair.tidings),
    speed,
  );
  const floorRate = medianBy(
    pairs.map((pair) => pair.floor),
    speed,
  ).rate;
  return {
    ...middle,
    ...(floorRate !== undefined && { floor: floorRate }),
    ratio: median(pairs.map((pair) => speed(pair.tidings) / speed(pair.floor))),
  };
}
