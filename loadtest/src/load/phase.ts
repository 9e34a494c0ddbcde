/** Where a scenario is, by its gauge `phase` (loadtest/k6/course.ts). */
export const PHASES = { opening: 0, warm: 1, measuring: 2, draining: 3, done: 4 } as const;

export type PhaseName = keyof typeof PHASES;

/** Its name; nothing before the first was told. */
export function phaseOf(value: number | undefined): PhaseName | undefined {
  return (Object.keys(PHASES) as PhaseName[]).find((name) => PHASES[name] === value);
}
