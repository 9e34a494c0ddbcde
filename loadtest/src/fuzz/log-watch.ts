/** Watches what services write, line by line. */
export interface LogWatch {
  take(line: string, from: 'stdout' | 'stderr'): void;
  /** What was wrong since the last look; looking forgets it. */
  faults(): string[];
  readonly lines: number;
}

const ERROR_LEVEL = 50;
const MOST_FAULTS = 20;
const SHOWN = 400;

/** A JWT, or a ticket of ours: nothing else looks like them. */
const TOKEN = /eyJ[\w-]{4,}\.[\w-]*\.[\w-]{20,}|tdt_[\w-]{16,}/;

/**
 * @param secrets texts that no line may hold, in no place.
 * @param own texts that whoever is watched may have put into a URL, piece by piece: they may stand there and nowhere else.
 */
export function createLogWatch(secrets: readonly string[], own: readonly string[] = []): LogWatch {
  let found: string[] = [];
  let lines = 0;

  const judge = (line: string, from: 'stdout' | 'stderr'): string | undefined => {
    if (from === 'stderr') return 'a line on stderr';
    if (TOKEN.test(line)) return 'a token in the log';
    if (secrets.some((secret) => line.includes(secret))) return 'a secret in the log';
    let level: unknown;
    let besides: string;
    try {
      const entry = JSON.parse(line);
      level = entry.level;
      besides = JSON.stringify({ ...entry, url: undefined });
    } catch {
      return 'a log line that is no JSON';
    }
    if (own.some((text) => besides.includes(text))) return 'a secret in the log';
    return typeof level !== 'number' || level >= ERROR_LEVEL ? 'an error in the log' : undefined;
  };

  return {
    take(line, from) {
      lines += 1;
      const fault = judge(line, from);
      if (fault !== undefined && found.length < MOST_FAULTS) found.push(`${fault}: ${line.slice(0, SHOWN)}`);
    },
    faults() {
      const all = found;
      found = [];
      return all;
    },
    get lines() {
      return lines;
    },
  };
}
