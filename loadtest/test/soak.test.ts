import { describe, expect, test } from 'vitest';
import { parseMetrics } from '../src/server/metrics-page.ts';
import { judgeSoak } from '../src/soak/judge.ts';
import type { Sample } from '../src/soak/sample.ts';

const BASE: Sample = { atSec: 0, rssMb: 90, heapMb: 16, handles: 5, streams: 0, files: 23 };
const during = (heapOf: (index: number) => number): Sample[] =>
  Array.from({ length: 20 }, (_, index) => ({ ...BASE, atSec: index, heapMb: heapOf(index), rssMb: 300, streams: 9 }));
const failed = (evidence: Partial<Parameters<typeof judgeSoak>[0]>): string[] =>
  judgeSoak({ base: BASE, during: during(() => 100), after: BASE, faults: [], ...evidence })
    .filter(({ met }) => !met)
    .map(({ goal }) => goal);

describe('the verdict of a soak', () => {
  test('is good when nothing grows and everything is back', () => {
    expect(failed({})).toEqual([]);
  });

  test('forgives growth while it warms up, and no growth after that', () => {
    expect(failed({ during: during((index) => Math.min(100, 50 + index * 10)) })).toEqual([]);
    expect(failed({ during: during((index) => 100 + index) })).toEqual([expect.stringContaining('heap grows')]);
  });

  test('names what was left behind, and what clients met', () => {
    expect(failed({ after: { ...BASE, handles: 20 } })).toEqual([expect.stringContaining('5, then 20')]);
    expect(failed({ after: { ...BASE, files: 40 } })).toEqual([expect.stringContaining('23, then 40')]);
    expect(failed({ after: { ...BASE, heapMb: 40 } })).toEqual([expect.stringContaining('heap is back')]);
    expect(failed({ after: { ...BASE, streams: 1 } })).toEqual([expect.stringContaining('no stream is left')]);
    expect(failed({ faults: ['2 visitors: refused'] })).toEqual([expect.stringContaining('refused')]);
  });

  test('is not given on too few samples', () => {
    expect(failed({ during: during(() => 100).slice(0, 3) })).toEqual([expect.stringContaining('samples')]);
  });
});

test('metrics are summed by name', () => {
  const text = '# HELP a b\na{x="1"} 2\na{x="2"} 3\nb 1.5e3\n';
  expect([...parseMetrics(text)]).toEqual([
    ['a', 5],
    ['b', 1_500],
  ]);
});
