import { parseArgs } from 'node:util';
import { FEATURES, type Feature } from './beside.ts';

export interface BenchOptions {
  /** Names of scenarios; empty: all. */
  readonly only: readonly string[];
  readonly quick: boolean;
  /** Other servers too. */
  readonly compare: boolean;
  /** Nothing but the profile of a broadcast. */
  readonly profile: boolean;
  /** Switched on for the run. */
  readonly with: readonly Feature[];
}

/** Reads the words after `npm run bench --`. @throws TypeError for a word or a scenario that does not exist. */
export function parseBenchOptions(args: readonly string[], names: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      compare: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      with: { type: 'string', multiple: true, default: [] },
    },
  });
  const { quick, compare, profile } = values;
  const only = chooseOf('scenario', values.only, names);
  return { only, quick, compare, profile, with: chooseOf('feature', values.with, FEATURES) };
}

function chooseOf<Name extends string>(what: string, lists: readonly string[], names: readonly Name[]): Name[] {
  const chosen = lists.flatMap((list) => list.split(',')).filter((name) => name !== '') as Name[];
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length === 0) return chosen;
  throw new TypeError(`There is no ${what} ${unknown.join(', ')}. There are: ${names.join(', ')}`);
}
