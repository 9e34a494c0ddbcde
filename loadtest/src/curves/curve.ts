import type { SiteKind } from '../load/catalogue.ts';
import type { LoadResult } from '../load/result.ts';
import type { Axis } from '../report/line-chart.ts';

/** One figure of a run, by what it is called. */
interface Figure {
  readonly name: string;
  /** In the table, with its unit. */
  readonly heading: string;
  readonly of: (result: LoadResult) => number;
}

/** A scenario at one size. */
interface Point {
  readonly x: number;
  readonly sizes: Readonly<Record<string, string>>;
  readonly edges?: number;
}

/** The same work under another name: a line of its own in each chart. */
interface Variant {
  readonly name: string;
  readonly points: readonly Point[];
}

/** How a cost grows with one size, all others being equal. */
export interface Curve {
  readonly name: string;
  readonly title: string;
  readonly scenario: string;
  readonly site: SiteKind;
  readonly x: Axis;
  readonly variants: readonly Variant[];
  readonly figures: readonly Figure[];
  /** Charts of these figures, by name. */
  readonly charts: readonly { readonly title: string; readonly y: Axis; readonly figure: string }[];
}

const metric =
  (name: string, value = 'value'): Figure['of'] =>
  ({ metrics }) =>
    metrics[name]?.[value] ?? Number.NaN;

const speed: Figure = {
  name: 'speed',
  heading: 'deliveries per CPU-second',
  of: metric('deliveries_per_cpu_second'),
};
const measuring = 'sse_event_latency{phase:measuring}';
const latencies: readonly Figure[] = [
  { name: 'p50', heading: 'p50 ms', of: metric(measuring, 'med') },
  { name: 'p99', heading: 'p99 ms', of: metric(measuring, 'p(99)') },
];
const rss: Figure = { name: 'rss', heading: 'servers, MB', of: (result) => metric('server_rss_bytes')(result) / 1e6 };

/** CPU time of a kind of process over all of a run, as a share of one core while it lasted. */
const cores =
  (prefix: string): Figure['of'] =>
  ({ processes, seconds }) =>
    processes.filter(({ name }) => name.startsWith(prefix)).reduce((sum, { cpuSec }) => sum + cpuSec, 0) / seconds;

const HTTP = [
  ['h1', 'HTTP/1.1'],
  ['h2', 'HTTP/2, 100 a connection'],
] as const;

/** A process may have 20,000 open files on many a machine, and its server some of them. */
const STREAMS = { h1: [1_000, 5_000, 10_000, 19_000], h2: [1_000, 5_000, 10_000, 20_000] };

export const CURVES: readonly Curve[] = [
  {
    name: 'streams-idle',
    title: 'Silent streams',
    scenario: 'idle',
    site: 'hub',
    x: { label: 'streams', log: true },
    variants: HTTP.map(([http, name]) => ({
      name,
      points: STREAMS[http].map((x) => ({
        x,
        sizes: { STREAMS: `${x}`, HTTP: http, DURATION: '3', BYTES_PER_STREAM: '100000' },
      })),
    })),
    figures: [
      { name: 'memory', heading: 'KiB a stream', of: (result) => metric('server_bytes_per_stream')(result) / 1_024 },
      { name: 'opened', heading: 'opened a second', of: metric('opened_per_second') },
      rss,
    ],
    charts: [{ title: 'Memory of a silent stream', y: { label: 'KiB, of the process' }, figure: 'memory' }],
  },
  {
    name: 'streams-busy',
    title: 'One event to all streams, one after the other',
    scenario: 'fan-out',
    site: 'hub',
    x: { label: 'streams', log: true },
    variants: HTTP.map(([http, name]) => ({
      name,
      points: STREAMS[http].map((x) => ({ x, sizes: { STREAMS: `${x}`, HTTP: http, DURATION: '8', P99_MS: '5000' } })),
    })),
    figures: [speed, ...latencies, rss],
    charts: [
      { title: 'Deliveries for each second of CPU time', y: { label: 'deliveries' }, figure: 'speed' },
      { title: 'The last streams of a broadcast: p99', y: { label: 'ms', log: true }, figure: 'p99' },
    ],
  },
  {
    name: 'readers',
    title: 'Readers of an event: 2,000 streams on more and more topics',
    scenario: 'fan-out',
    site: 'hub',
    x: { label: 'streams that get each event', log: true },
    variants: [
      {
        name: 'HTTP/1.1',
        points: [1, 5, 20, 100, 500, 2_000].map((x) => ({
          x,
          sizes: { STREAMS: '2000', TOPICS: `${2_000 / x}`, DURATION: '6' },
        })),
      },
    ],
    figures: [
      speed,
      { name: 'event', heading: 'CPU of an event, ms', of: (result) => eventMs(result, 2_000) },
      ...latencies,
    ],
    charts: [
      { title: 'Deliveries for each second of CPU time, by readers', y: { label: 'deliveries' }, figure: 'speed' },
    ],
  },
  {
    name: 'payload',
    title: 'Size of the payload: 200 streams on one topic',
    scenario: 'fan-out',
    site: 'hub',
    x: { label: 'bytes of payload', log: true },
    variants: [
      {
        name: 'HTTP/1.1',
        points: [50, 200, 1_000, 4_000, 16_000, 60_000].map((x) => ({
          x,
          sizes: { STREAMS: '200', PAYLOAD_BYTES: `${x}`, DURATION: '6' },
        })),
      },
    ],
    figures: [
      speed,
      { name: 'bytes', heading: 'MB per CPU-second', of: (result) => (speed.of(result) * payloadOf(result)) / 1e6 },
      ...latencies,
    ],
    charts: [
      {
        title: 'Deliveries for each second of CPU time, by payload',
        y: { label: 'deliveries', log: true },
        figure: 'speed',
      },
    ],
  },
  {
    name: 'topics',
    title: 'Topics: 2,000 events a second over more and more streams, each with its own',
    scenario: 'own-topics',
    site: 'hub',
    x: { label: 'topics, and streams', log: true },
    variants: [
      {
        name: 'HTTP/1.1',
        points: [500, 2_000, 5_000, 19_000].map((x) => ({
          x,
          sizes: { STREAMS: `${x}`, RATE: '2000', BATCH: '100', DURATION: '8' },
        })),
      },
    ],
    figures: [speed, ...latencies, rss],
    charts: [
      { title: 'Deliveries for each second of CPU time, by topics', y: { label: 'deliveries' }, figure: 'speed' },
    ],
  },
  {
    name: 'edges',
    title: 'Edges: 2,000 streams and 1,000 events a second, shared by more and more edges',
    scenario: 'own-topics',
    site: 'cluster',
    x: { label: 'edges' },
    variants: [
      {
        name: 'all edges together',
        points: [1, 2, 3, 4].map((x) => ({
          x,
          edges: x,
          sizes: { STREAMS: '2000', RATE: '1000', BATCH: '50', DURATION: '10', P99_MS: '2000' },
        })),
      },
    ],
    figures: [
      { name: 'edges', heading: 'edges, cores', of: cores('edge') },
      { name: 'each', heading: 'each edge, cores', of: (result) => cores('edge')(result) / edgesOf(result) },
      { name: 'nats', heading: 'nats-servers, cores', of: cores('nats') },
      { name: 'ingest', heading: 'ingest, cores', of: cores('ingest') },
      speed,
      ...latencies,
    ],
    charts: [{ title: 'CPU of all edges together, the load being the same', y: { label: 'cores' }, figure: 'edges' }],
  },
];

const payloadOf = ({ sizes }: LoadResult): number => Number(sizes.PAYLOAD_BYTES ?? 200);
const edgesOf = ({ processes }: LoadResult): number => processes.filter(({ name }) => name.startsWith('edge')).length;
const eventMs = (result: LoadResult, streams: number): number =>
  (1_000 * streams) / Number(result.sizes.TOPICS) / speed.of(result);
