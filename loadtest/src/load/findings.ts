import type { LoadResult } from './result.ts';
import type { ProcessUse } from './usage.ts';

/** One figure of a run, in words. */
export interface Finding {
  readonly name: string;
  readonly value: string;
}

/** Metrics in the order in which they are told; others are in result.json. */
const METRICS: readonly {
  readonly metric: string;
  readonly name: string;
  readonly tell: (values: Values) => string;
}[] = [
  { metric: 'sse_live', name: 'streams', tell: ({ max = 0 }) => `${count(max)} at most` },
  { metric: 'opened_per_second', name: 'opened', tell: ({ value = 0 }) => `${count(value)} streams a second` },
  { metric: 'sse_events', name: 'events delivered', tell: ({ count: all = 0 }) => count(all) },
  { metric: 'sse_event_latency', name: 'latency, all of the run', tell: times },
  { metric: 'sse_event_latency{phase:measuring}', name: 'latency while measuring', tell: times },
  { metric: 'sse_connecting', name: 'from dialling to live', tell: times },
  { metric: 'sse_reconnects', name: 'streams that came back', tell: ({ count: all = 0 }) => count(all) },
  { metric: 'sse_returning', name: 'from cut to live again', tell: times },
  { metric: 'missing', name: 'events missing at the end', tell: ({ value = 0 }) => count(value) },
  { metric: 'sse_gaps', name: 'lost, or told as a gap', tell: ({ count: all = 0 }) => count(all) },
  { metric: 'sse_duplicates', name: 'repeated', tell: ({ count: all = 0 }) => count(all) },
  { metric: 'publishing', name: 'publishing a request', tell: times },
  { metric: 'late_requests', name: 'requests sent late', tell: ({ count: all = 0 }) => count(all) },
  {
    metric: 'deliveries_per_cpu_second',
    name: 'work of the servers',
    tell: ({ value = 0 }) => `${count(value)} deliveries for each second of CPU time`,
  },
  {
    metric: 'server_bytes_per_stream',
    name: 'memory of a stream',
    tell: ({ value = 0 }) => `${(value / 1_024).toFixed(1)} KiB of the servers' processes`,
  },
  {
    metric: 'server_rss_bytes',
    name: 'memory of the servers',
    tell: ({ value = 0 }) => `${Math.round(value / 1e6)} MB at the end`,
  },
  { metric: 'server_growth_percent', name: 'growth', tell: ({ value = 0 }) => `${value.toFixed(1)}%` },
  {
    metric: 'others_p99_moved',
    name: 'p99 of the others, beside slow ones',
    tell: ({ value = 0 }) => `${value.toFixed(2)} times`,
  },
];

type Values = Readonly<Record<string, number>>;

/** The figures of a run that a reader asks for first. */
export function toFindings({ metrics, processes, seconds }: LoadResult): Finding[] {
  const told = METRICS.flatMap(({ metric, name, tell }) => {
    const values = metrics[metric];
    // A time without samples is told as 0, which it was not.
    if (values === undefined || (values.count === 0 && 'med' in values)) return [];
    return [{ name, value: tell(values) }];
  });
  return [...told, ...processes.map((each) => ({ name: `${each.name} used`, value: describeUse(each, seconds) }))];
}

/** `54% of a core, 127 MB at most`. */
function describeUse({ samples, cpuSec }: ProcessUse, seconds: number): string {
  const most = Math.max(0, ...samples.map(({ rssBytes }) => rssBytes));
  return `${Math.round((100 * cpuSec) / Math.max(seconds, 1))}% of a core, ${Math.round(most / 1e6)} MB at most`;
}

function times(values: Values): string {
  const [p50 = 0, p99 = 0, max = 0] = [values.med, values['p(99)'], values.max];
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)} ms`;
}

const count = (value: number): string => Math.round(value).toLocaleString('en');
const ms = (value: number): string => (value >= 100 ? count(value) : value.toFixed(1));
