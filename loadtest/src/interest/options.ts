import { parseArgs } from 'node:util';

/** What can be measured, in the order in which it is. */
const PARTS = ['edges', 'busy', 'subscriptions', 'attach', 'outage'] as const;
type Part = (typeof PARTS)[number];

export interface InterestOptions {
  /** Small sizes, to see that it works: the figures say nothing. */
  readonly quick: boolean;
  readonly only: readonly Part[];
  /** Where the figures are written; nowhere when left out. */
  readonly out: string | undefined;
}

/** Where a whole run leaves its figures. */
const RESULTS = 'loadtest/results/interest.json';

/** Reads the words after `npm run loadtest:interest --`. @throws TypeError for one that does not exist. */
export function parseInterestOptions(args: readonly string[]): InterestOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      out: { type: 'string' },
    },
  });
  const { quick } = values;
  const wished = values.only?.flatMap((text) => text.split(','));
  const unknown = wished?.filter((name) => !PARTS.some((part) => part === name)) ?? [];
  if (unknown.length > 0) throw new TypeError(`${unknown.join(', ')}. There are: ${PARTS.join(', ')}`);
  const only = PARTS.filter((part) => wished?.includes(part) ?? true);
  return { quick, only, out: values.out ?? (quick || wished !== undefined ? undefined : RESULTS) };
}
