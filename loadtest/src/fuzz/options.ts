import { parseArgs } from 'node:util';

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly nats: boolean;
  /** A file of inputs to send again, in place of making new ones. */
  readonly replay: string | undefined;
}

const DEFAULT_MINUTES = 10;

/** Reads the words after `npm run fuzz --`. @throws TypeError for one that is no number, or that does not exist. */
export function parseFuzzOptions(args: readonly string[]): FuzzOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: text, seconds: text, seed: text, replay: text, nats: { type: 'boolean', default: false } },
  });
  const numberOf = (name: 'minutes' | 'seconds' | 'seed', fallback: number): number => {
    const given = values[name];
    if (given === undefined) return fallback;
    const number = Number(given);
    if (given === '' || !(number >= 0 && Number.isFinite(number))) throw new TypeError(`--${name} must be a number`);
    return number;
  };
  return {
    seconds: numberOf('seconds', numberOf('minutes', DEFAULT_MINUTES) * 60),
    seed: numberOf('seed', Math.floor(Math.random() * 1_000_000_000)),
    nats: values.nats,
    replay: values.replay,
  };
}
