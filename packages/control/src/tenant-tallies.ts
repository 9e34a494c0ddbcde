import type { Cluster } from '@tidings/broker';
import { METRICS_TOPIC } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { HubTopicDemand } from './hub-topic-demand.ts';
import { type LatencyCounts, placeOfLatency } from './latency-counts.ts';

/** The name under which parts are told to the edges. */
export const METRICS_NOTICE = 'metrics';

/** What served a stream that came with a cursor. */
export type ResumeSource = 'ring' | 'history' | 'gap';

/** Streams of a tenant on this node. */
export interface StreamGauges {
  readonly streams: number;
  /** Of them, those whose client reads too slowly. */
  readonly lagging: number;
}

/** What a node that holds streams says of them. */
export interface EdgeGauges {
  /** It sends its streams elsewhere, and is about to end. */
  readonly draining: boolean;
  readonly byTenant: ReadonlyMap<string, StreamGauges>;
}

/** Answers for the tenants that are followed. */
export type MeasureStreams = (tenants: ReadonlySet<string>) => EdgeGauges;

/** What one node counted for one tenant. Sums are from `since` on, when somebody began to follow. */
export interface MetricsPart extends StreamGauges {
  readonly tenant: string;
  /** RFC 3339. */
  readonly since: string;
  /** It holds streams. */
  readonly edge: boolean;
  /** Nodes of a version before this was told leave it out. */
  readonly draining?: boolean;
  readonly published: number;
  readonly delivered: number;
  readonly publishedPerSec: number;
  readonly deliveredPerSec: number;
  readonly resumes: Readonly<Record<ResumeSource, number>>;
  readonly gaps: number;
  /** Of the live events that were delivered in the last second. */
  readonly latencies: LatencyCounts;
}

/**
 * Counts for the tenants whose metrics are followed, and for no other: what a node counts for all is in its `Metrics`.
 * Once a second it tells what it counted.
 */
export interface TenantTallies {
  /** Any tenant is followed. Where anything is done thousands of times a second, this is looked at first. */
  readonly active: boolean;
  /** Events were taken from publishers. */
  published(tenant: string, events: number): void;
  /** A live event went to streams; it counts as delivered with the next flush. */
  delivered(tenant: string, deliveries: number, publishedMs: number): void;
  /** What was delivered is written. */
  flushed(nowMs: number): void;
  /** Events of the past went to a stream. */
  replayed(tenant: string, events: number): void;
  resumed(tenant: string, source: ResumeSource): void;
  /** A stream was told that something is gone. */
  gap(tenant: string): void;
  /** Has a node that holds streams say how many there are of the tenants that are followed, once a second. */
  measureStreams(measure: MeasureStreams): void;
}

const PERIOD_MS = 1_000;
// 2,000 characters each, at the most.
const MOST_PARTS = 200;

class Tally {
  readonly sinceMs: number;
  published = 0;
  delivered = 0;
  readonly resumes: Record<ResumeSource, number> = { ring: 0, history: 0, gap: 0 };
  gaps = 0;
  latencies: number[] = [];
  /** When the events were published that go out with the next flush. */
  unflushedMs: number[] = [];
  toldPublished = 0;
  toldDelivered = 0;
  toldMs: number;

  constructor(sinceMs: number, elapsedMs: number) {
    this.sinceMs = sinceMs;
    this.toldMs = elapsedMs;
  }

  flush(nowMs: number): void {
    for (const publishedMs of this.unflushedMs) {
      const place = placeOfLatency(Math.max(0, nowMs - publishedMs));
      while (this.latencies.length <= place) this.latencies.push(0);
      this.latencies[place] = (this.latencies[place] as number) + 1;
    }
    this.unflushedMs = [];
  }

  take(tenant: string, elapsedMs: number, edge: EdgeGauges | undefined): MetricsPart {
    const gauges = edge?.byTenant.get(tenant);
    const sec = Math.max(1, elapsedMs - this.toldMs) / 1000;
    const perSec = (count: number): number => Math.round((count / sec) * 10) / 10;
    const part = {
      tenant,
      since: new Date(this.sinceMs).toISOString(),
      edge: edge !== undefined,
      draining: edge?.draining ?? false,
      streams: gauges?.streams ?? 0,
      lagging: gauges?.lagging ?? 0,
      published: this.published,
      delivered: this.delivered,
      publishedPerSec: perSec(this.published - this.toldPublished),
      deliveredPerSec: perSec(this.delivered - this.toldDelivered),
      resumes: { ...this.resumes },
      gaps: this.gaps,
      latencies: this.latencies,
    };
    this.toldPublished = this.published;
    this.toldDelivered = this.delivered;
    this.toldMs = elapsedMs;
    this.latencies = [];
    return part;
  }
}

/** Counts once somebody follows; the cluster must not be open yet. */
export function createTenantTallies(cluster: Cluster, demand: HubTopicDemand, clock: Clock): TenantTallies {
  const tallies = new Map<string, Tally>();
  let measureOf: MeasureStreams | undefined;

  demand.onWanted(METRICS_TOPIC, (tenants) => {
    const isFirst = tallies.size === 0;
    for (const tenant of tenants) {
      if (!tallies.has(tenant)) tallies.set(tenant, new Tally(clock.now(), clock.elapsed()));
    }
    if (isFirst && tallies.size > 0) clock.after(PERIOD_MS, tell);
  });

  function tell(): void {
    for (const tenant of tallies.keys()) if (!demand.isWanted(METRICS_TOPIC, tenant)) tallies.delete(tenant);
    if (tallies.size === 0) return;
    clock.after(PERIOD_MS, tell);
    const edge = measureOf?.(new Set(tallies.keys()));
    const parts: MetricsPart[] = [];
    for (const [tenant, tally] of tallies) {
      parts.push(tally.take(tenant, clock.elapsed(), edge));
    }
    for (let start = 0; start < parts.length; start += MOST_PARTS) {
      cluster.tell(METRICS_NOTICE, parts.slice(start, start + MOST_PARTS));
    }
  }

  return {
    get active() {
      return tallies.size > 0;
    },
    published(tenant, events) {
      const tally = tallies.get(tenant);
      if (tally !== undefined) tally.published += events;
    },
    delivered(tenant, deliveries, publishedMs) {
      const tally = tallies.get(tenant);
      if (tally === undefined) return;
      tally.delivered += deliveries;
      tally.unflushedMs.push(publishedMs);
    },
    flushed(nowMs) {
      for (const tally of tallies.values()) if (tally.unflushedMs.length > 0) tally.flush(nowMs);
    },
    replayed(tenant, events) {
      const tally = tallies.get(tenant);
      if (tally !== undefined) tally.delivered += events;
    },
    resumed(tenant, source) {
      const tally = tallies.get(tenant);
      if (tally !== undefined) tally.resumes[source] += 1;
    },
    gap(tenant) {
      const tally = tallies.get(tenant);
      if (tally !== undefined) tally.gaps += 1;
    },
    measureStreams(measure) {
      measureOf = measure;
    },
  };
}
