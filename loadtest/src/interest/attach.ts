import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '../chaos/service.ts';
import { startSite } from '../chaos/site.ts';
import { nowUs } from '../generator/clock.ts';
import { LatencyHistogram, type Percentiles } from '../generator/latency.ts';
import type { Target } from '../generator/target.ts';
import { readMetrics } from '../server/metrics-page.ts';
import type { Feed } from './edges.ts';
import { publishFlow } from './flow.ts';
import { topicOf } from './layout.ts';
import { Ledger } from './ledger.ts';
import type { AttachPlan } from './plan.ts';
import { openReaders } from './readers.ts';
import { type Visit, visit } from './visit.ts';

/** How long streams took to open. */
export interface Attached {
  readonly feed: Feed;
  /** `fresh`: without a cursor, on a topic that nobody has named; `resume`: with a cursor of a second ago. */
  readonly kind: 'fresh' | 'resume';
  readonly streams: number;
  readonly hello: Percentiles | undefined;
  readonly live: Percentiles | undefined;
  readonly edgeCpuSec: number;
  /** Of the process that opens them and publishes: it must not be what is measured. */
  readonly clientCpuSec: number;
  readonly seconds: number;
  readonly faults: readonly string[];
}

const FEEDS = ['all', 'interest'] as const;
const KINDS = ['fresh', 'resume'] as const;
const BEFORE_MS = 2_000;
const AGE_US = 1e6;
const SAMPLE_MS = 20;
const ENV = { LOG_LEVEL: 'warn', TIDINGS_AUDIT: 'control', TIDINGS_RING_MAX_BYTES: '67108864' };

/** Measures both feeds in turn, for as many rounds as planned; of each kind the round in which streams were fastest. */
export async function measureAttach(plan: AttachPlan): Promise<Attached[]> {
  const rounds: Attached[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const feed of FEEDS) rounds.push(...(await measureRound(feed, plan)));
  }
  const p50Of = ({ live }: Attached): number => live?.p50Ms ?? Number.POSITIVE_INFINITY;
  return KINDS.flatMap((kind) =>
    FEEDS.flatMap((feed) => {
      const all = rounds.filter((each) => each.kind === kind && each.feed === feed);
      const faults = all.flatMap((each) => each.faults);
      const [first] = all.sort((one, other) => p50Of(one) - p50Of(other));
      return first === undefined ? [] : [{ ...first, faults }];
    }),
  );
}

// Opens streams at a steady pace while events flow, on one edge.
async function measureRound(feed: Feed, plan: AttachPlan): Promise<Attached[]> {
  const site = await startSite({ edges: 1, ingests: 1, feed, env: ENV });
  try {
    const [edge] = site.edges as [Service];
    const targetOf = (url: string | undefined): Target => ({
      port: Number(new URL(url ?? '').port),
      transport: 'h1',
      token: site.token,
    });
    const target = targetOf(edge.url);
    const seconds = plan.joins / plan.joinsPerSec;
    const results: Attached[] = [];
    for (const kind of KINDS) {
      const events = Math.ceil(
        plan.eventsPerSec * (seconds + (2 * plan.warmJoins) / plan.joinsPerSec + BEFORE_MS / 500),
      );
      // One stream watches one topic in ten, so that there is always a cursor of a second ago.
      const ledger = new Ledger(events, (number) => (number % 10 === 0 ? 0 : -1));
      const watched = topicOf(90_000_000);
      const readers = await openReaders({ streams: [{ target, path: `/v1/stream?topic=${watched}` }], ledger });
      const cursors: { atUs: number; cursor: string }[] = [];
      const sampler = setInterval(() => cursors.push({ atUs: nowUs(), cursor: readers.cursorOf(0) }), SAMPLE_MS);
      const flowing = publishFlow({
        ingest: targetOf(site.ingestUrl()),
        ledger,
        from: 0,
        events,
        topicOf: (number) => (number % 10 === 0 ? watched : topicOf(number % plan.topics)),
        eventsPerSec: plan.eventsPerSec,
        batch: 25,
      });
      flowing.catch(() => {});
      await pause(BEFORE_MS);
      const cursorNow = (): string => cursors.findLast(({ atUs }) => atUs <= nowUs() - AGE_US)?.cursor ?? '';
      const cpuSec = async (): Promise<number> =>
        (await readMetrics(edge.adminUrl)).get('process_cpu_seconds_total') ?? 0;
      const open = (number: number): Promise<Visit> => {
        // Those of a resume have had events; a topic is asked for again only when all have been.
        const topic = kind === 'fresh' ? topicOf(50_000_000 + number) : topicOf((number * 10 + 1) % plan.topics);
        return visit(target, `/v1/stream?topic=${topic}`, kind === 'fresh' ? '' : cursorNow());
      };
      await visitAtPace(plan.warmJoins, plan.joinsPerSec / 2, (number) => open(plan.joins + number));
      const before = await cpuSec();
      const own = process.cpuUsage();
      const startMs = performance.now();
      const visits = await visitAtPace(plan.joins, plan.joinsPerSec, open);
      const took = (performance.now() - startMs) / 1000;
      const { user, system } = process.cpuUsage(own);
      results.push({
        feed,
        kind,
        streams: visits.length,
        hello: percentilesOf(visits, ({ helloMs }) => helloMs),
        live: percentilesOf(visits, ({ liveMs }) => liveMs),
        edgeCpuSec: (await cpuSec()) - before,
        clientCpuSec: (user + system) / 1e6,
        seconds: took,
        faults: [...faultsOf(visits, kind), ...site.accidents],
      });
      await flowing;
      clearInterval(sampler);
      readers.close();
    }
    return results;
  } finally {
    await site.remove();
  }
}

async function visitAtPace(count: number, perSec: number, start: (number: number) => Promise<Visit>): Promise<Visit[]> {
  const startMs = performance.now();
  const underWay: Promise<Visit>[] = [];
  for (let number = 0; number < count; number += 1) {
    const waitMs = startMs + (number * 1e3) / perSec - performance.now();
    if (waitMs > 0.5) await pause(waitMs);
    const visiting = start(number);
    visiting.catch(() => {});
    underWay.push(visiting);
  }
  return Promise.all(underWay);
}

function percentilesOf(visits: readonly Visit[], measure: (visit: Visit) => number): Percentiles | undefined {
  const histogram = new LatencyHistogram();
  for (const each of visits) histogram.record(measure(each) * 1e3);
  return histogram.percentiles();
}

function faultsOf(visits: readonly Visit[], kind: Attached['kind']): string[] {
  const gaps = visits.filter(({ gap }) => gap).length;
  const wrong = visits.filter(({ resumed }) => resumed !== (kind === 'resume')).length;
  return [
    ...(gaps > 0 ? [`${gaps} streams were told a gap`] : []),
    ...(wrong > 0 ? [`${wrong} streams say ${kind === 'resume' ? 'not ' : ''}that they are resumed`] : []),
  ];
}
