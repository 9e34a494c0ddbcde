/** A goal, and what came of it. */
export interface Verdict {
  readonly goal: string;
  readonly met: boolean;
}

/** Is met from `least` on. @param goal says what, such as `>= 80k deliveries per CPU-second`. */
export const atLeast = (goal: string, value: number, least: number): Verdict => ({ goal, met: value >= least });

/** Is met up to `most`. */
export const atMost = (goal: string, value: number, most: number): Verdict => ({ goal, met: value <= most });
