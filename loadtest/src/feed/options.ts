import { parseArgs } from 'node:util';

export interface FeedOptions {
  /** Few points, below half a minute. */
  readonly quick: boolean;
  /** One edge takes every event twice: the run must fail. */
  readonly secondSubscription: boolean;
  /** Where the figures are written; nowhere when left out. */
  readonly out: string | undefined;
}

/** Where a whole run leaves its figures. */
const RESULTS = 'loadtest/results/feed.json';

/** Reads the words after `npm run loadtest:feed --`. @throws TypeError for one that does not exist. */
export function parseFeedOptions(args: readonly string[]): FeedOptions {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { quick: flag, 'second-subscription': flag, out: { type: 'string' } },
  });
  const { quick, 'second-subscription': secondSubscription } = values;
  const out = values.out ?? (quick || secondSubscription ? undefined : RESULTS);
  return { quick, secondSubscription, out };
}
