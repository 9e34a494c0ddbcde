import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from '../src/generator/latency.ts';

describe('the histogram of times', () => {
  test('tells percentiles within two steps of 1.1%, and the largest time exactly', () => {
    const histogram = new LatencyHistogram();
    for (let us = 1; us <= 100_000; us += 1) histogram.record(us);
    const { p50Ms, p99Ms, maxMs } = histogram.percentiles() ?? { p50Ms: 0, p99Ms: 0, maxMs: 0 };
    expect(p50Ms / 50).toBeGreaterThanOrEqual(1);
    expect(p50Ms / 50).toBeLessThan(1.022);
    expect(p99Ms / 99).toBeGreaterThanOrEqual(1);
    expect(p99Ms / 99).toBeLessThan(1.022);
    expect(maxMs).toBe(100);
  });

  test('has nothing to tell after a reset', () => {
    const histogram = new LatencyHistogram();
    histogram.record(1_000);
    histogram.reset();
    expect(histogram.percentiles()).toBeUndefined();
  });
});
