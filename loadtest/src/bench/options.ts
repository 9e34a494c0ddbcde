import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of scenarios; empty: all. */
  readonly only: readonly string[];
  readonly quick: boolean;
  /** Other servers too. */
  readonly compare: boolean;
  /** Nothing but the profile of a broadcast. */
  readonly profile: boolean;
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
    },
  });
  const { quick, compare, profile } = values;
  const only = values.only.flatMap((list) => list.split(',')).filter((name) => name !== '');
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new TypeError(`There is no scenario ${unknown.join(', ')}. There are: ${names.join(', ')}`);
  }
  return { only, quick, compare, profile };
}
