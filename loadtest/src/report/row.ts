import type { Percentiles } from '../generator/latency.ts';
import type { Verdict } from './goal.ts';

/** Work for each second of CPU time that the server's process used. */
interface Rate {
  readonly perCpuSec: number;
  readonly unit: 'deliveries' | 'requests' | 'events' | 'streams';
}

/** What a server did in the measured time. */
export interface Measurement {
  readonly rate?: Rate;
  readonly latency?: Percentiles | undefined;
  /** Resident memory of the server at the end. */
  readonly rssBytes: number;
  /** CPU time of the busiest process of clients over the time that passed: near 1, the clients were the limit. */
  readonly generatorShare: number;
  /** CPU time of the server over the time that passed. */
  readonly serverShare: number;
  readonly notes: readonly string[];
}

/** One line of the report. */
export interface Row extends Partial<Measurement> {
  /** What `--only` calls it. */
  readonly scenario: string;
  readonly title: string;
  /** Who was measured: the product where nothing is said. */
  readonly subject?: string;
  /** The same by raw writes of Node, in the same run. */
  readonly floor?: Rate;
  /** Rate over that of the floor: the median of pairs that ran one after the other. */
  readonly ratio?: number;
  /** A figure of its own, where rate and latency do not say it. */
  readonly figure?: string;
  readonly verdicts: readonly Verdict[];
  /** Why there is no figure. */
  readonly failure?: string;
}

/** From this share of a core on, the clients' process may be what limits a wall-clock figure. */
export const GENERATOR_BOUND_SHARE = 0.85;

/** A row of something that could not be measured. */
export function failedRow(scenario: string, title: string, error: unknown): Row {
  const failure = (error as Error).message.split('\n').slice(0, 3).join(' ').slice(0, 300);
  return { scenario, title, verdicts: [], notes: [], failure };
}
