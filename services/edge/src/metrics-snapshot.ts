import { addLatencies, type MetricsPart, quantileMs } from '@tidings/control';

/** Numbers of one tenant, on one node or on all; docs/reference/audit.md describes each. */
interface TenantMetrics {
  /** Open streams. */
  readonly streams: number;
  /** Of them, those whose client reads too slowly. */
  readonly lagging: number;
  /** Events taken from publishers, since counting began. */
  readonly published: number;
  /** Events written to streams, since counting began, replayed ones too. */
  readonly delivered: number;
  /** In the last second. */
  readonly publishedPerSec: number;
  readonly deliveredPerSec: number;
  /** From publish to write, of the live events of the last second; `null` where there was none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Streams that came with a cursor, since counting began. */
  readonly resumes: { readonly ring: number; readonly history: number; readonly gap: number };
  /** Gaps that streams were told of, since counting began. */
  readonly gaps: number;
}

interface NodeMetrics extends TenantMetrics {
  readonly node: string;
  /** It holds streams. */
  readonly edge: boolean;
  /** Its streams leave it, and it is about to end. */
  readonly draining: boolean;
  /** When it began to count, RFC 3339. */
  readonly since: string;
}

/** The data of an event of `$hub.metrics`. */
export interface MetricsSnapshot {
  readonly time: string;
  readonly nodes: readonly NodeMetrics[];
  readonly total: TenantMetrics;
}

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
