import type { MetricsSnapshot, NodeMetrics, TenantMetrics } from '@tidings/protocol/client';

const NONE: TenantMetrics = {
  streams: 0,
  lagging: 0,
  published: 0,
  delivered: 0,
  publishedPerSec: 0,
  deliveredPerSec: 0,
  p50Ms: null,
  p99Ms: null,
  resumes: { ring: 0, history: 0, gap: 0 },
  gaps: 0,
};

export const nodeOf = (node: string, numbers: Partial<NodeMetrics> = {}): NodeMetrics => ({
  ...NONE,
  node,
  edge: true,
  draining: false,
  since: '2026-11-21T08:00:00.000Z',
  ...numbers,
});

/** A snapshot of these nodes; of the total only the streams are true. */
export function snapshotOf(nodes: readonly NodeMetrics[], total: Partial<TenantMetrics> = {}): MetricsSnapshot {
  const streams = nodes.reduce((sum, node) => sum + node.streams, 0);
  return { time: '2026-11-21T08:00:00.000Z', nodes, total: { ...NONE, streams, ...total } };
}
