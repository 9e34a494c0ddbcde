import { type LineChart, MOST_SERIES, type Series } from '../report/line-chart.ts';
import type { Line, Spread } from './line.ts';
import type { LoadResult } from './result.ts';

const SECONDS = { label: 'seconds from the start', from: 0 };

/** The charts of a run over its time; those that would be empty are left out. */
export function toCharts(result: LoadResult): LineChart[] {
  const startSec = Date.parse(result.date) / 1_000;
  const lines = result.timeline;
  // The words are in the table of the report: beside lines so close to each other there is no room for them.
  const marks = result.marks.map(({ time }, index) => ({ x: time - startSec, label: `${index + 1}` }));
  const gauge = (name: string, metric: string): Series => series(name, lines, startSec, ({ gauges }) => gauges[metric]);
  const counter = (name: string, metric: string): Series =>
    series(name, lines, startSec, ({ counters }, seconds) => (counters[metric] ?? 0) / seconds);
  const spread = (name: keyof Spread, metric: string): Series =>
    series(name, lines, startSec, ({ trends }) => trends[metric]?.[name]);
  const faults = (['reconnects', 'gaps', 'duplicates', 'refused'] as const)
    .map((name) => counter(name, `sse_${name}`))
    .filter(({ points }) => points.some(([, value]) => value > 0));
  const charts: LineChart[] = [
    { title: 'Live streams', x: SECONDS, y: { label: 'streams' }, series: [gauge('live', 'sse_live')], marks },
    {
      title: 'Events delivered',
      x: SECONDS,
      y: { label: 'a second' },
      series: [counter('events', 'sse_events')],
      marks,
    },
    {
      title: 'From publishing to the client',
      x: SECONDS,
      y: { label: 'ms', log: true },
      series: (['p50', 'p99', 'max'] as const).map((name) => positive(spread(name, 'sse_event_latency'))),
      marks,
    },
    {
      title: 'Publishing a request',
      x: SECONDS,
      y: { label: 'ms', log: true },
      series: (['p50', 'p99', 'max'] as const).map((name) => positive(spread(name, 'publishing'))),
      marks,
    },
    { title: 'Reconnects, and what should not be', x: SECONDS, y: { label: 'a second' }, series: faults, marks },
    {
      title: 'CPU time on this machine',
      x: SECONDS,
      y: { label: 'cores' },
      series: uses(result, startSec, ({ cores }) => cores),
      marks,
    },
    {
      title: 'Memory on this machine',
      x: SECONDS,
      y: { label: 'MB resident' },
      series: uses(result, startSec, ({ rssBytes }) => rssBytes / 1e6),
      marks,
    },
  ];
  return charts.filter(({ series: all }) => all.some(({ points }) => points.length > 0));
}

function series(
  name: string,
  lines: readonly Line[],
  startSec: number,
  value: (line: Line, seconds: number) => number | undefined,
): Series {
  let beforeSec = startSec;
  const points = lines.flatMap((line) => {
    // The last interval is shorter, and what it brought must not look like less.
    const seconds = Math.max(0.1, line.time - beforeSec);
    beforeSec = line.time;
    const found = value(line, seconds);
    return found === undefined ? [] : [[line.time - startSec, found] as const];
  });
  return { name, points };
}

/** A logarithm has no place for 0. */
const positive = ({ name, points }: Series): Series => ({ name, points: points.filter(([, value]) => value > 0) });

/** Of each process, as many as a chart holds; the busiest when there are more. */
function uses(
  { processes }: LoadResult,
  startSec: number,
  value: (sample: LoadResult['processes'][number]['samples'][number]) => number,
): Series[] {
  return [...processes]
    .sort((a, b) => b.cpuSec - a.cpuSec)
    .slice(0, MOST_SERIES)
    .map(({ name, samples }) => ({ name, points: samples.map((sample) => [sample.time - startSec, value(sample)]) }));
}
