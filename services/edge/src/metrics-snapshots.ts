import type { Cluster } from '@tidings/broker';
import { type EdgeGauges, METRICS_NOTICE, type MetricsPart } from '@tidings/control';
import { METRICS_TOPIC } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Drain } from './drain.ts';
import type { HubTopicFollowers } from './hub-topic-followers.ts';
import type { SendHubEvent } from './hub-topic-items.ts';
import { toMetricsSnapshot } from './metrics-snapshot.ts';
import type { SessionRegistry } from './session-registry.ts';

export interface MetricsSnapshotsParts {
  readonly cluster: Cluster;
  readonly followers: Pick<HubTopicFollowers, 'has' | 'tenantsOf'>;
  readonly send: SendHubEvent;
  readonly clock: Clock;
}

interface Arrived {
  readonly part: MetricsPart;
  readonly atMs: number;
}

// A node that says nothing for longer is gone.
const FRESH_MS = 3_000;

/**
 * Keeps the newest part of each node for the tenants that are followed here; the cluster must not be open yet.
 * @returns sends every follower one snapshot: to be called once a second.
 */
export function createMetricsSnapshots({ cluster, followers, send, clock }: MetricsSnapshotsParts): () => void {
  const arrived = new Map<string, Map<string, Arrived>>();

  cluster.hear(METRICS_NOTICE, (body, node) => {
    for (const part of body as MetricsPart[]) {
      if (!followers.has(METRICS_TOPIC, part.tenant)) continue;
      // What throws in here is logged; what is merged later, in a timer, would end the process.
      assertCounts(part, node);
      let nodes = arrived.get(part.tenant);
      if (nodes === undefined) {
        nodes = new Map();
        arrived.set(part.tenant, nodes);
      }
      nodes.set(node, { part, atMs: clock.elapsed() });
    }
  });

  return () => {
    for (const tenant of arrived.keys()) if (!followers.has(METRICS_TOPIC, tenant)) arrived.delete(tenant);
    for (const tenant of followers.tenantsOf(METRICS_TOPIC)) {
      const nodes = arrived.get(tenant) ?? new Map<string, Arrived>();
      for (const [node, { atMs }] of nodes) if (clock.elapsed() - atMs > FRESH_MS) nodes.delete(node);
      // The first parts come a second after it is known here that somebody follows.
      if (nodes.size === 0) continue;
      const parts = new Map([...nodes].map(([node, { part }]) => [node, part]));
      send(METRICS_TOPIC, tenant, 'metrics', toMetricsSnapshot(parts, clock.now()));
    }
  };
}

const isCount = (value: unknown): boolean => Number.isFinite(value);

// Of a node that is older, newer or worse than this one.
function assertCounts({ since, resumes, latencies, draining = false, ...counts }: MetricsPart, node: string): void {
  const { streams, lagging, published, delivered, publishedPerSec, deliveredPerSec, gaps } = counts;
  const numbers = [streams, lagging, published, delivered, publishedPerSec, deliveredPerSec, gaps];
  const { ring, history, gap } = resumes;
  const isWhole = typeof since === 'string' && typeof draining === 'boolean' && Array.isArray(latencies);
  if (isWhole && [...numbers, ring, history, gap, ...latencies].every(isCount)) return;
  throw new TypeError(`the metrics of node ${node} can not be read`);
}

interface MeasuredParts {
  readonly registry: Pick<SessionRegistry, 'list'>;
  readonly drain: Pick<Drain, 'begun'>;
}

/**
 * How many streams of each of the tenants there are.
 *
 * Cost: a look at every stream, once a second while anybody follows the metrics; opening and closing a stream costs nothing.
 */
export function measureStreams({ registry, drain }: MeasuredParts, tenants: ReadonlySet<string>): EdgeGauges {
  const byTenant = new Map<string, { streams: number; lagging: number }>();
  for (const tenant of tenants) byTenant.set(tenant, { streams: 0, lagging: 0 });
  for (const session of registry.list()) {
    const gauge = byTenant.get(session.tenant);
    if (gauge === undefined) continue;
    gauge.streams += 1;
    if (session.lagged) gauge.lagging += 1;
  }
  return { draining: drain.begun, byTenant };
}
