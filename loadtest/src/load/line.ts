/** How the values of one second were spread, in the metric's own unit. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What k6's output `tidings` writes each second (loadtest/k6-tidings/README.md): metrics by name, over all tags. */
export interface Line {
  /** End of the interval, in seconds of Unix time. */
  readonly time: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  readonly trends: Readonly<Record<string, Spread>>;
}

/** Takes whole lines out of text that is cut anywhere; `take` gets each. @throws Error for one that is none of these. */
export function createLineReader(take: (line: Line) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') take(parseLine(line));
    }
  };
}

function parseLine(text: string): Line {
  const line = JSON.parse(text) as Partial<Line>;
  if (typeof line.time !== 'number') throw new Error(`this is no line of the output "tidings": ${text.slice(0, 100)}`);
  return { time: line.time, counters: line.counters ?? {}, gauges: line.gauges ?? {}, trends: line.trends ?? {} };
}
