import type { ServerCost } from './deployment.ts';
import type { Verdict } from './judge.ts';
import type { Manner } from './point.ts';

/** What every point must have whose cost is compared. */
const PAYLOAD_BYTES = 200;

/**
 * The CPU time of the servers for an event and for each of its deliveries, by the line through the points of one manner that
 * differ in the number of edges alone; `undefined` where there are not two such points.
 */
export function costOf(verdicts: readonly Verdict[], manner: Manner, beatSec: number): ServerCost | undefined {
  const points = verdicts
    .filter(({ measured: { point }, faults }) => faults.length === 0 && isUsual(point, manner))
    .map(({ measured, cpuSecPerEvent }) => ({ edges: measured.point.edges, cpuSec: cpuSecPerEvent }));
  const [first] = points;
  if (first === undefined || points.every(({ edges }) => edges === first.edges)) return undefined;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const edges = mean(points.map((each) => each.edges));
  const cpuSec = mean(points.map((each) => each.cpuSec));
  const slope =
    points.reduce((sum, each) => sum + (each.edges - edges) * (each.cpuSec - cpuSec), 0) /
    points.reduce((sum, each) => sum + (each.edges - edges) ** 2, 0);
  // The fewest edges tell best what is left without any.
  const fewest = points.reduce((one, other) => (other.edges < one.edges ? other : one));
  return { eventSec: Math.max(0, fewest.cpuSec - slope * fewest.edges), deliverySec: slope, beatSec };
}

const isUsual = (point: Verdict['measured']['point'], manner: Manner): boolean =>
  point.manner === manner &&
  point.payloadBytes === PAYLOAD_BYTES &&
  point.event === undefined &&
  point.topics > 1 &&
  point.topic.length < 20;
