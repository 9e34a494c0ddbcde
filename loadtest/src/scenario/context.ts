import type { Row } from '../report/row.ts';

/** What a run wants of every scenario. */
export interface BenchContext {
  /** Fewer rounds and smaller numbers: to see that it works, not to quote. */
  readonly quick: boolean;
  /** Says what is being done, for whoever waits. */
  tell(text: string): void;
}

/** One thing to measure. */
export interface Scenario {
  /** What `--only` calls it. */
  readonly name: string;
  readonly title: string;
  run(context: BenchContext): Promise<Row[]>;
}
