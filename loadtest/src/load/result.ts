import type { Machine } from '../report/machine.ts';
import type { Mark } from './fault.ts';
import type { Line } from './line.ts';
import type { Summary, Threshold } from './summary.ts';
import type { ProcessUse } from './usage.ts';

/** All that a run has shown; `result.json`. It holds no token, and no part of a URL that could be one. */
export interface LoadResult {
  readonly scenario: string;
  readonly title: string;
  /** ISO 8601, of its start. */
  readonly date: string;
  readonly machine: Machine;
  /** Where it was aimed at: what was started here, or hosts. */
  readonly target: string;
  /** What was asked for; other sizes are the scenario's own. */
  readonly sizes: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly metrics: Summary['metrics'];
  readonly thresholds: readonly Threshold[];
  readonly marks: readonly Mark[];
  /** Of processes on this machine. */
  readonly processes: readonly ProcessUse[];
  readonly timeline: readonly Line[];
  /** What went wrong beside thresholds. */
  readonly faults: readonly string[];
}

/** All thresholds hold, and nothing else went wrong. */
export const isGood = ({ thresholds, faults }: LoadResult): boolean =>
  faults.length === 0 && thresholds.length > 0 && thresholds.every(({ met }) => met);
