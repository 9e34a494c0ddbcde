import { formatCount, formatLatency, formatPerSec, NOTHING } from '../quantity.ts';
import type { ChartColumns, ChartedMember } from './metrics-history.ts';

export interface ChartSeries {
  readonly label: string;
  readonly member: ChartedMember;
  /** Which of the style sheet's `--series-…`. */
  readonly colour: 1 | 2 | 3 | 4;
}

/** One chart: a unit, and a line or two. */
export interface Chart {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** The same for whole numbers beside the scale. */
  readonly formatScale: (value: number) => string;
}

export const CHARTS: readonly Chart[] = [
  {
    title: 'Streams',
    series: [{ label: 'open', member: 'streams', colour: 1 }],
    format: formatCount,
    formatScale: formatCount,
  },
  {
    title: 'Events per second',
    series: [
      { label: 'in', member: 'publishedPerSec', colour: 2 },
      { label: 'out', member: 'deliveredPerSec', colour: 1 },
    ],
    format: formatPerSec,
    formatScale: formatCount,
  },
  {
    title: 'Delivery latency',
    series: [
      { label: 'p50', member: 'p50Ms', colour: 3 },
      { label: 'p99', member: 'p99Ms', colour: 4 },
    ],
    format: formatLatency,
    formatScale: formatLatency,
  },
  {
    title: 'Lagging streams',
    series: [{ label: 'lagging', member: 'lagging', colour: 2 }],
    format: formatCount,
    formatScale: formatCount,
  },
];

/** The value of a line at a place of its columns, for people. */
export function valueAt(chart: Chart, { member }: ChartSeries, columns: ChartColumns, place: number): string {
  const value = columns.values[member][place];
  return value === undefined || value === null ? NOTHING : chart.format(value);
}

/** What a chart shows, for who does not see it. */
export function describeChart(chart: Chart, columns: ChartColumns, about: string): string {
  const lines = chart.series.map((series) => {
    const most = columns.values[series.member].reduce<number>((top, value) => Math.max(top, value ?? top), -1);
    const now = valueAt(chart, series, columns, columns.atSec.length - 1);
    return `${series.label} now ${now}, at most ${most < 0 ? NOTHING : chart.format(most)}`;
  });
  return `${chart.title} of ${about} in the last 5 minutes: ${lines.join('; ')}`;
}
