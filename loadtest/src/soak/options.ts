import { parseArgs } from 'node:util';

/** What a soak holds, and for how long. Every part can be 0. */
export interface SoakOptions {
  readonly minutes: number;
  /** Silent streams, each on a connection of its own. */
  readonly idleH1: number;
  /** Silent streams on HTTP/2, 100 on a connection. */
  readonly idleH2: number;
  /** Clients that come each second, and leave after a while. */
  readonly churn: number;
  /** Clients that stay, while events flow. */
  readonly readers: number;
  /** Of 100 readers, so many do not read. */
  readonly neverRead: number;
}

const DEFAULTS = { minutes: 10, idleH1: 15_000, idleH2: 50_000, churn: 200, readers: 300, neverRead: 10 };

/** Reads the words after `npm run soak --`. @throws TypeError for one that is no number, or that does not exist. */
export function parseSoakOptions(args: readonly string[]): SoakOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: text,
      'idle-h1': text,
      'idle-h2': text,
      churn: text,
      readers: text,
      'never-read': text,
    },
  });
  const numberOf = (name: keyof typeof values, fallback: number): number => {
    const given = values[name];
    if (given === undefined) return fallback;
    const number = Number(given);
    if (given === '' || !(number >= 0 && Number.isFinite(number))) throw new TypeError(`--${name} must be a number`);
    return number;
  };
  const options = {
    minutes: numberOf('minutes', DEFAULTS.minutes),
    idleH1: numberOf('idle-h1', DEFAULTS.idleH1),
    idleH2: numberOf('idle-h2', DEFAULTS.idleH2),
    churn: numberOf('churn', DEFAULTS.churn),
    readers: numberOf('readers', DEFAULTS.readers),
    neverRead: numberOf('never-read', DEFAULTS.neverRead),
  };
  if (options.neverRead > 100) throw new TypeError('--never-read is of 100 readers');
  return options;
}
