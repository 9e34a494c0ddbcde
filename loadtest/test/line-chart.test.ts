import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LineChart, toLineChart } from '../src/report/line-chart.ts';
import { exactScale, linearScale, logScale } from '../src/report/scale.ts';

const chart = (wish: Partial<LineChart>): string =>
  toLineChart({ title: 'a & b', x: { label: 'seconds' }, y: { label: 'ms' }, series: [], ...wish });
const placesOf = (svg: string): [number, number][] =>
  [...svg.matchAll(/points="([^"]*)"/g)].flatMap(([, points = '']) =>
    points.split(' ').map((point) => point.split(',').map(Number) as [number, number]),
  );
const value = fc.double({ min: 1e-3, max: 1e9, noNaN: true });

describe('a chart', () => {
  test.each([false, true])('has every point inside of its axes (logarithms: %s)', (log) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 20 }), (points) => {
        const svg = chart({ x: { label: '', log }, y: { label: '', log }, series: [{ name: 's', points }] });
        const places = placesOf(svg);
        expect(places).toHaveLength(points.length);
        for (const [x, y] of places) {
          expect(x).toBeGreaterThanOrEqual(63.9);
          expect(x).toBeLessThanOrEqual(704.1);
          expect(y).toBeGreaterThanOrEqual(57.9);
          expect(y).toBeLessThanOrEqual(256.1);
        }
      }),
    );
  });

  test('draws larger values higher, and later ones further right', () => {
    const [[x1, y1] = [0, 0], [x2, y2] = [0, 0]] = placesOf(
      chart({
        series: [
          {
            name: 's',
            points: [
              [1, 10],
              [2, 20],
            ],
          },
        ],
      }),
    );
    expect([x2 > x1, y2 < y1]).toEqual([true, true]);
  });

  test('names what it shows, also for those who do not see it, and leaves out what is empty', () => {
    const svg = chart({
      series: [
        { name: '<p50>', points: [[1, 1]] },
        { name: 'nothing', points: [] },
      ],
      marks: [{ x: 1, label: '7' }],
    });
    expect(svg).toContain('aria-label="a &amp; b: &lt;p50>"');
    expect(svg).toContain('<title>&lt;p50></title>');
    expect(svg).toMatch(/class="told"[^>]*>7</);
    expect(svg).not.toContain('nothing');
  });

  test('takes as many series as it has colours', () => {
    const series = Array.from({ length: 8 }, (_, index) => ({ name: `${index}`, points: [[0, 1]] as const }));
    expect(() => chart({ series })).toThrow('8 series are more than 7');
    expect(chart({ series: series.slice(1) })).toContain('class="d6"');
  });
});

describe('an axis', () => {
  test('begins at 0 and ends at a round number, or where the values do', () => {
    expect(linearScale([3, 17]).ticks).toEqual([0, 5, 10, 15, 20]);
    expect(linearScale([]).ticks).toContain(1);
    expect(exactScale([3, 17]).ticks).toEqual([5, 10, 15]);
    expect([exactScale([3, 17]).place(3), exactScale([3, 17]).place(17)]).toEqual([0, 1]);
  });

  test('of logarithms has a line at each power of ten, and at 2 and 5 where those are few', () => {
    expect(logScale([3, 40]).ticks).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logScale([1, 100_000]).ticks).toEqual([1, 10, 100, 1_000, 10_000, 100_000]);
  });
});
