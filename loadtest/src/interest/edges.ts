import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '../chaos/service.ts';
import { type Site, startSite } from '../chaos/site.ts';
import { readCounters } from '../feed/counters.ts';
import { REAL_FEED } from '../feed/fleet.ts';
import { openLightClient } from '../feed/light-client.ts';
import type { Target } from '../generator/target.ts';
import { readMetrics } from '../server/metrics-page.ts';
import { awaitAll, publishFlow } from './flow.ts';
import { type Layout, pathsOf, streamOf, streamsOnEdge, topicOf } from './layout.ts';
import { type Account, type Lateness, Ledger } from './ledger.ts';
import { readSent, type Sent, sentBetween } from './live-connections.ts';
import type { EdgesPlan } from './plan.ts';
import { openReaders } from './readers.ts';

export type Feed = 'all' | 'interest';

/** What came of one load, with one feed. */
export interface EdgesPoint {
  readonly feed: Feed;
  readonly layout: Layout;
  readonly events: number;
  /** From the first request to the last arrival. */
  readonly seconds: number;
  readonly account: Account;
  /** Of each edge's live connection, notices included. */
  readonly sent: readonly Sent[];
  /** Notices of the index, which are the same for each that listens. */
  readonly index: Sent;
  /** Of each edge, in seconds of CPU. */
  readonly edgesCpuSec: readonly number[];
  /** Of an edge in a second without events. */
  readonly restCpuSec: number;
  readonly ingestCpuSec: number;
  readonly serversCpuSec: number;
  readonly edgesRssBytes: readonly number[];
  /** At the rate of the plan, and at the calm one. */
  readonly busy: Lateness;
  readonly calm: Lateness;
  /** Events that edges read from the log, since they were not fed them. */
  readonly repaired: number;
  readonly faults: readonly string[];
}

const CALM_MS = 1_500;
// Beyond that the machine is what was measured.
const MOST_OVERTIME = 1.1;
const DRAIN_SEC = 1;
const PATIENCE_MS = 10_000;
const LISTENER = 'index listener';
const ENV = {
  LOG_LEVEL: 'warn',
  TIDINGS_AUDIT: 'control',
  TIDINGS_DRAIN_MS: '500',
  TIDINGS_RING_MAX_BYTES: '67108864',
};

/** Measures every number of edges, and every share of topics, with both feeds on one cluster. */
export async function measureEdges(plan: EdgesPlan, tell: (point: EdgesPoint) => void): Promise<EdgesPoint[]> {
  const { topics, topicsPerStream } = plan;
  const layouts: Layout[] = [
    ...plan.edges.map((edges) => ({ topics, topicsPerStream, edges, share: 1 })),
    ...plan.shares.map((share) => ({ topics, topicsPerStream, edges: 1, share })),
  ];
  const site = await startSite({ edges: 0, ingests: 1, env: ENV });
  const listener = await openLightClient({
    port: site.cluster.servers[0]?.port ?? 0,
    name: LISTENER,
    subjects: ['idx.0'],
  });
  try {
    const points: EdgesPoint[] = [];
    // Where edges listen to the index, it is told for a while after they have gone.
    for (const feed of ['all', 'interest'] as const) {
      for (const layout of layouts) {
        const point = await measurePoint(site, feed, layout, plan);
        points.push(point);
        tell(point);
      }
    }
    return points;
  } finally {
    listener.close();
    await site.remove();
  }
}

async function measurePoint(site: Site, feed: Feed, layout: Layout, plan: EdgesPlan): Promise<EdgesPoint> {
  const edges = await Promise.all(
    Array.from({ length: layout.edges }, () => site.startEdge({ env: { TIDINGS_FEED: feed } })),
  );
  try {
    return await measureOn(site, edges, feed, layout, plan);
  } finally {
    await Promise.all(edges.map((edge) => edge.drain()));
  }
}

async function measureOn(
  site: Site,
  edges: readonly Service[],
  feed: Feed,
  layout: Layout,
  plan: EdgesPlan,
): Promise<EdgesPoint> {
  const { servers } = site.cluster;
  const [ingestService] = site.ingests as [Service];
  const targetOf = ({ url }: Service): Target => ({
    port: Number(new URL(url).port),
    transport: 'h1',
    token: site.token,
  });
  const calmEvents = plan.calmEventsPerSec * plan.calmSeconds;
  const warmEvents = plan.eventsPerSec * plan.warmSeconds;
  const events = plan.eventsPerSec * plan.seconds;
  const first = warmEvents + calmEvents;
  const ledger = new Ledger(first + events, (number) => streamOf(layout, number % layout.topics));
  const perEdge = streamsOnEdge(layout);
  const readers = await openReaders({
    streams: pathsOf(layout).map((path, stream) => ({
      path,
      target: targetOf(edges[Math.floor(stream / perEdge)] as Service),
    })),
    ledger,
  });
  try {
    const flow = {
      ingest: targetOf(ingestService),
      ledger,
      topicOf: (number: number) => topicOf(number % layout.topics),
    };
    const cpuOf = async (service: Service): Promise<number> =>
      (await readMetrics(service.adminUrl)).get('process_cpu_seconds_total') ?? 0;
    const read = async () => ({
      sent: await readSent(servers, REAL_FEED),
      index: await readSent(servers, LISTENER),
      serversCpuSec: (await readCounters(servers)).reduce((sum, { cpuSec }) => sum + cpuSec, 0),
      ingestCpuSec: await cpuOf(ingestService),
      edgesCpuSec: await Promise.all(edges.map(cpuOf)),
    });
    const atFullRate = { ...flow, eventsPerSec: plan.eventsPerSec, batch: plan.batch };
    await pause(CALM_MS);
    await publishFlow({ ...atFullRate, from: 0, events: warmEvents });
    await awaitAll(ledger, PATIENCE_MS);
    await pause(CALM_MS);
    await publishFlow({ ...flow, from: warmEvents, events: calmEvents, eventsPerSec: plan.calmEventsPerSec, batch: 1 });
    await awaitAll(ledger, PATIENCE_MS);
    await pause(CALM_MS);

    const restMs = performance.now();
    const atRest = await Promise.all(edges.map(cpuOf));
    await pause(plan.restSeconds * 1_000);
    const rested = (await Promise.all(edges.map(cpuOf))).map((now, at) => now - (atRest[at] ?? 0));
    const restCpuSec = Math.max(...rested) / ((performance.now() - restMs) / 1_000);

    const before = await read();
    const startMs = performance.now();
    await publishFlow({ ...atFullRate, from: first, events });
    await awaitAll(ledger, PATIENCE_MS);
    const seconds = (performance.now() - startMs) / 1000;
    // A notice that is late, an event that comes again.
    await pause(300);
    const after = await read();
    const metrics = await Promise.all(edges.map(({ adminUrl }) => readMetrics(adminUrl)));
    return {
      feed,
      layout,
      events,
      seconds,
      account: ledger.account(),
      sent: sentBetween(before.sent, after.sent),
      index: sentBetween(before.index, after.index)[0] ?? { messages: 0, bytes: 0 },
      edgesCpuSec: after.edgesCpuSec.map((now, at) => now - (before.edgesCpuSec[at] ?? 0)),
      restCpuSec,
      ingestCpuSec: after.ingestCpuSec - before.ingestCpuSec,
      serversCpuSec: after.serversCpuSec - before.serversCpuSec,
      edgesRssBytes: metrics.map((each) => each.get('process_resident_memory_bytes') ?? 0),
      busy: ledger.lateness(first, events),
      calm: ledger.lateness(warmEvents, calmEvents),
      repaired: metrics.reduce((sum, each) => sum + (each.get('tidings_gap_repairs_total') ?? 0), 0),
      faults: [
        ...(seconds > plan.seconds * MOST_OVERTIME + DRAIN_SEC
          ? [`the rate was not held: it took ${seconds.toFixed(1)} s`]
          : []),
        ...site.accidents,
        ...(readers.ended > 0 ? [`${readers.ended} streams ended`] : []),
      ],
    };
  } finally {
    readers.close();
  }
}
