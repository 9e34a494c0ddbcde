import { toThousands } from '../report/cells.ts';
import { toLineChart } from '../report/line-chart.ts';
import type { Curve } from './curve.ts';

/** What a curve has shown at one size. */
export interface MeasuredPoint {
  readonly variant: string;
  readonly x: number;
  readonly figures: Readonly<Record<string, number>>;
}

export interface MeasuredCurve {
  readonly name: string;
  readonly points: readonly MeasuredPoint[];
}

/** As a table of Markdown. */
export function toCurveTable({ x, variants, figures }: Curve, points: readonly MeasuredPoint[]): string {
  const several = variants.length > 1;
  const head = [x.label, ...(several ? ['over'] : []), ...figures.map(({ heading }) => heading)];
  const body = points.map((point) => [
    point.x.toLocaleString('en'),
    ...(several ? [point.variant] : []),
    ...figures.map(({ name }) => toCell(point.figures[name] ?? Number.NaN)),
  ]);
  return [head, head.map(() => '---:'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The charts of a curve, with the names of their files. */
export function toCurveCharts(
  { name, x, variants, charts }: Curve,
  points: readonly MeasuredPoint[],
): { file: string; title: string; svg: string }[] {
  return charts.map(({ title, y, figure }) => ({
    file: `capacity-${name}-${figure}.svg`,
    title,
    svg: toLineChart({
      title,
      x,
      y,
      dots: true,
      series: variants.map((variant) => ({
        name: variant.name,
        points: points
          .filter((point) => point.variant === variant.name)
          .map((point) => [point.x, point.figures[figure] ?? Number.NaN] as const),
      })),
    }),
  }));
}

function toCell(value: number): string {
  if (Number.isNaN(value)) return '';
  if (value >= 1_000) return toThousands(value);
  return value >= 100 ? `${Math.round(value)}` : `${Number(value.toPrecision(2))}`;
}
