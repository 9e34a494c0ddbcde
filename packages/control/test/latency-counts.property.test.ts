import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addLatencies, placeOfLatency, quantileMs } from '../src/latency-counts.ts';

function count(latenciesMs: readonly number[]): number[] {
  const counts: number[] = [];
  for (const ms of latenciesMs) {
    const place = placeOfLatency(ms);
    while (counts.length <= place) counts.push(0);
    counts[place] = (counts[place] as number) + 1;
  }
  return counts;
}

const latencies = fc.array(fc.oneof(fc.nat(20), fc.nat(60_000)), { minLength: 1 });

it('a quantile of what several nodes counted is the true one, or at most an eighth more', () => {
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 1 }), fc.constantFrom(0.5, 0.9, 0.99, 1), (nodes, part) => {
      const sorted = nodes.flat().sort((one, other) => one - other);
      const exact = sorted[Math.ceil(sorted.length * part) - 1] as number;
      const found = quantileMs(addLatencies(nodes.map(count)), part) as number;
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(Math.ceil(exact * 1.125) + 1);
    }),
  );
});

it('there is none of nothing, and what is beyond a minute counts as the largest', () => {
  expect(quantileMs([], 0.5)).toBeNull();
  expect(quantileMs([0, 0], 0.99)).toBeNull();
  expect(quantileMs(count([3_600_000]), 0.5)).toBeGreaterThanOrEqual(60_000);
});
