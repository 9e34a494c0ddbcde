/** Numbers of one tenant, on one node or on all; docs/reference/audit.md describes each. */
export interface TenantMetrics {
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

/** The same of one node. */
export interface NodeMetrics extends TenantMetrics {
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
