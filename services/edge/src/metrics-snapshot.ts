import { addLatencies, type MetricsPart, quantileMs } from '@tidings/control';
import type { MetricsSnapshot, TenantMetrics } from '@tidings/protocol';

/** Merges what nodes counted for one tenant. */
export function toMetricsSnapshot(parts: ReadonlyMap<string, MetricsPart>, nowMs: number): MetricsSnapshot {
  const nodes = [...parts].map(([node, part]) => {
    const { edge, draining = false, since } = part;
    return { node, edge, draining, since, ...sumOf([part]) };
  });
  return {
    time: new Date(nowMs).toISOString(),
    nodes: nodes.sort((one, other) => (one.node < other.node ? -1 : 1)),
    total: sumOf([...parts.values()]),
  };
}

function sumOf(parts: readonly MetricsPart[]): TenantMetrics {
  const sum = (numberOf: (part: MetricsPart) => number): number =>
    parts.reduce((total, part) => total + numberOf(part), 0);
  // Tenths do not add up exactly.
  const rate = (numberOf: (part: MetricsPart) => number): number => Math.round(sum(numberOf) * 10) / 10;
  const latencies = addLatencies(parts.map((part) => part.latencies));
  return {
    streams: sum(({ streams }) => streams),
    lagging: sum(({ lagging }) => lagging),
    published: sum(({ published }) => published),
    delivered: sum(({ delivered }) => delivered),
    publishedPerSec: rate(({ publishedPerSec }) => publishedPerSec),
    deliveredPerSec: rate(({ deliveredPerSec }) => deliveredPerSec),
    p50Ms: quantileMs(latencies, 0.5),
    p99Ms: quantileMs(latencies, 0.99),
    resumes: {
      ring: sum(({ resumes }) => resumes.ring),
      history: sum(({ resumes }) => resumes.history),
      gap: sum(({ resumes }) => resumes.gap),
    },
    gaps: sum(({ gaps }) => gaps),
  };
}
