import type uPlot from 'uplot';
import { formatClock } from '../quantity.ts';
import type { Chart } from './chart-list.ts';
import { SHOWN_SEC } from './metrics-history.ts';

const HEIGHT = 170;
// A scale of less would make much of little.
const LEAST_TOP = 4;
const LEAST_SEC = 60;
const TIME_STEPS_SEC = [10, 20, 30, 60, 120];
// Nothing that is shown is less than one.
const VALUE_STEPS = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 10 }, (_, power) => step * 10 ** power))
  .sort((one, other) => one - other);

/**
 * How uPlot draws a chart: a window that ends with the newest sample, a scale from zero, and colours of the
 * style sheet, which are read once and by `readColours`, since to ask for them at each draw would cost a layout.
 * @param onPoint is told of the place under the pointer.
 */
export function createPlotOptions(
  chart: Chart,
  width: number,
  onPoint: (place: number | undefined) => void,
): { readonly options: uPlot.Options; readColours(): void } {
  let colours = coloursOf(chart);
  const axis: uPlot.Axis = {
    stroke: () => colours.quiet,
    grid: { stroke: () => colours.line, width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const options: uPlot.Options = {
    width,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, sync: { key: 'metrics' } },
    scales: {
      x: { time: true, range: (_plot, oldest, newest) => windowOf(oldest ?? 0, newest ?? 0) },
      y: { range: (_plot, _min, most) => [0, topOf(most ?? 0)] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 6,
        incrs: TIME_STEPS_SEC,
        space: 64,
        values: (_plot, secs, _axis, _space, stepSec) =>
          secs.map((sec) => formatClock(sec * 1000).slice(0, stepSec < 60 ? 8 : 5)),
      },
      {
        ...axis,
        size: 56,
        gap: 6,
        incrs: VALUE_STEPS,
        space: 28,
        values: (_plot, values) => values.map(chart.formatScale),
      },
    ],
    series: [
      {},
      ...chart.series.map(({ label }, index): uPlot.Series => {
        const colour = (): string => colours.series[index] ?? colours.quiet;
        const points = { show: false, size: 5, width: 0, fill: colour, filter: loneValues };
        return { label, stroke: colour, width: 1.75, points };
      }),
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? undefined)] },
  };
  return {
    options,
    readColours() {
      colours = coloursOf(chart);
    },
  };
}

function coloursOf(chart: Chart): {
  readonly quiet: string;
  readonly line: string;
  readonly series: readonly string[];
} {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    quiet: read('--quiet'),
    line: read('--line'),
    series: chart.series.map(({ colour }) => read(`--series-${colour}`)),
  };
}

/** Some room above the highest value. */
const topOf = (most: number): number => Math.max(LEAST_TOP, most * 1.15);

/** It grows to its full length with what there is to show. */
const windowOf = (oldestSec: number, newestSec: number): uPlot.Range.MinMax => [
  newestSec - Math.min(SHOWN_SEC, Math.max(LEAST_SEC, newestSec - oldestSec)),
  newestSec,
];

// A value between two seconds without one is no line: it is shown as a point.
function loneValues(plot: uPlot, seriesIndex: number): number[] | null {
  const values = plot.data[seriesIndex] as (number | null)[];
  const isThere = (place: number): boolean => typeof values[place] === 'number';
  const lone = values.flatMap((_, place) =>
    isThere(place) && !isThere(place - 1) && !isThere(place + 1) ? [place] : [],
  );
  return lone.length === 0 ? null : lone;
}
