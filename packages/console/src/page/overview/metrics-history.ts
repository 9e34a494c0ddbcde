import type { MetricsSnapshot, TenantMetrics } from '@tidings/protocol/client';

/** The numbers of a snapshot that charts show. */
export type ChartedMember = 'streams' | 'lagging' | 'publishedPerSec' | 'deliveredPerSec' | 'p50Ms' | 'p99Ms';

/** Samples in columns, oldest first: a time, and a number of each kind or `null` where there was none. */
export interface ChartColumns {
  readonly atSec: number[];
  readonly values: Readonly<Record<ChartedMember, (number | null)[]>>;
}

/** The newest snapshots of a page, of one length of time at the most. */
export interface MetricsHistory {
  /** @param atMs when it came, by the clock of the page: those of edges may differ. */
  add(snapshot: MetricsSnapshot, atMs: number): void;
  /** The samples of a node, or of all in total. A time in which nothing came is one sample of `null`s. */
  columnsOf(node: string | undefined): ChartColumns;
}

/** How much of the past charts show. */
export const SHOWN_SEC = 300;

const MOST_SAMPLES = SHOWN_SEC + 1;
// One comes each second: beyond this the line is broken.
const BREAK_MS = 3_500;

interface Sample {
  readonly atMs: number;
  readonly snapshot: MetricsSnapshot;
}

export function createMetricsHistory(): MetricsHistory {
  let samples: Sample[] = [];
  return {
    add(snapshot, atMs) {
      const last = samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
      // A clock that was set back would draw over what is there.
      if (atMs <= last) samples = [];
      samples.push({ atMs, snapshot });
      const firstMs = atMs - SHOWN_SEC * 1000;
      const kept = samples.findIndex((sample) => sample.atMs >= firstMs);
      samples.splice(0, Math.max(kept, samples.length - MOST_SAMPLES));
    },
    columnsOf(node) {
      const atSec: number[] = [];
      const values = { streams: [], lagging: [], publishedPerSec: [], deliveredPerSec: [], p50Ms: [], p99Ms: [] };
      const columns: ChartColumns = { atSec, values };
      let beforeMs = Number.POSITIVE_INFINITY;
      for (const { atMs, snapshot } of samples) {
        if (atMs - beforeMs > BREAK_MS) addRow(columns, beforeMs + 1, undefined);
        addRow(columns, atMs, metricsOf(snapshot, node));
        beforeMs = atMs;
      }
      return columns;
    },
  };
}

/** The numbers of a node, or of all in total; `undefined` for a node that is not there. */
function metricsOf(snapshot: MetricsSnapshot, node: string | undefined): TenantMetrics | undefined {
  return node === undefined ? snapshot.total : snapshot.nodes.find((each) => each.node === node);
}

function addRow({ atSec, values }: ChartColumns, atMs: number, metrics: TenantMetrics | undefined): void {
  atSec.push(atMs / 1000);
  for (const member of Object.keys(values) as ChartedMember[]) values[member].push(metrics?.[member] ?? null);
}
