import { UsageError } from './command-error.ts';

/** Values of options by their names; those that were not given are absent. */
export type Given = Readonly<Record<string, unknown>>;

/** A text that was given; an empty one counts as none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The number that an option gives. @throws UsageError when it is none, or not between the two. */
export function numberOf(given: Given, option: string, fallback: number, least: number, most: number): number {
  const text = textOf(given[option]);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new UsageError(`--${option} is a number from ${least} to ${most}.`);
  return value;
}
