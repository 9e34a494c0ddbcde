import { setTimeout as pause } from 'node:timers/promises';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { nowUs } from '../generator/clock.ts';
import type { Percentiles } from '../generator/latency.ts';
import type { MeasuredProcess } from '../server/measured-process.ts';
import { readMetrics } from '../server/metrics-page.ts';
import { startTidings, targetOf } from '../server/tidings.ts';
import { awaitAll, publishFlow } from './flow.ts';
import { topicOf } from './layout.ts';
import { type Account, Ledger } from './ledger.ts';
import type { OutagePlan } from './plan.ts';
import { openReaders } from './readers.ts';

/** What came of killing the server that an edge with very many topics is on. */
export interface Outage {
  readonly streams: number;
  readonly openedSec: number;
  readonly subscriptions: number;
  readonly edgeRssBytes: number;
  readonly serverRssBytes: number;
  /** From SIGKILL until the server takes connections again, with JetStream. */
  readonly awaySec: number;
  /** From then until it has all subscriptions again. */
  readonly inForceSec: number;
  readonly edgeCpuSec: number;
  readonly account: Account;
  /** Events that went unanswered, or were refused, and were sent again. */
  readonly repeats: number;
  /** Since a request was first sent: what was published while nobody took it waits in it. */
  readonly lateness: Percentiles | undefined;
  readonly longestSilenceMs: number;
  readonly repaired: number;
  readonly faults: readonly string[];
}

const PATIENCE_MS = 20_000;
const LOOK_MS = 10;
const LIMIT_MS = 120_000;
const ENV = {
  TIDINGS_MAX_CONNECTIONS: '100000',
  TIDINGS_HISTORY_MAX_BYTES: '2000000000',
};

/** Opens the streams on one edge, and kills and restarts the only server while events flow to streams at random. */
export async function measureOutage(plan: OutagePlan, tell: (text: string) => void): Promise<Outage> {
  const nats = await startNatsServer();
  const started: MeasuredProcess[] = [];
  try {
    const env = { ...ENV, TIDINGS_NATS_URL: nats.url };
    const ingest = await startTidings('ingest', { transport: 'h1' }, env);
    started.push(ingest);
    const edge = await startTidings('edge', { transport: 'h2c' }, { ...env, TIDINGS_FEED: 'interest' });
    started.push(edge);
    const [target, publishing] = await Promise.all([targetOf(edge, 'h2c'), targetOf(ingest, 'h1')]);

    const { streams, eventsPerSec } = plan;
    const most = Math.ceil((eventsPerSec * (plan.beforeMs + plan.afterMs)) / 1000);
    // A walk that comes by every stream, in no order that any part of the system has.
    const streamOfEvent = (number: number): number => (number * 7_919) % streams;
    const ledger = new Ledger(most, streamOfEvent);
    const openedMs = performance.now();
    const readers = await openReaders({
      streams: Array.from({ length: streams }, (_, stream) => ({
        target,
        path: `/v1/stream?topic=${topicOf(stream)}`,
      })),
      ledger,
      streamsPerConnection: plan.streamsPerConnection,
    });
    const openedSec = (performance.now() - openedMs) / 1000;
    tell(`${streams} streams are open after ${openedSec.toFixed(1)} s`);
    try {
      const wanted = streams * 2;
      await untilSubscribed(nats, wanted);
      const subscriptions = await subscriptionsOf(nats);
      const flowing = publishFlow({
        ingest: publishing,
        ledger,
        from: 0,
        events: most,
        topicOf: (number) => topicOf(streamOfEvent(number)),
        eventsPerSec,
        batch: 5,
        persistent: true,
      });
      flowing.catch(() => {});
      await pause(plan.beforeMs);
      const before = await edge.usage();
      const killedUs = nowUs();
      await nats.kill();
      await nats.restart();
      const backUs = nowUs();
      await untilSubscribed(nats, wanted);
      const inForceUs = nowUs();
      const after = await edge.usage();
      tell(
        `the server is back after ${((backUs - killedUs) / 1e6).toFixed(2)} s, the subscriptions ${((inForceUs - backUs) / 1e6).toFixed(2)} s later`,
      );
      const { repeats } = await flowing;
      await awaitAll(ledger, PATIENCE_MS);
      await pause(1_000);
      const metrics = await readMetrics(edge.adminUrl ?? '');
      return {
        streams,
        openedSec,
        subscriptions,
        edgeRssBytes: after.rssBytes,
        serverRssBytes: await serverRss(nats),
        awaySec: (backUs - killedUs) / 1e6,
        inForceSec: (inForceUs - backUs) / 1e6,
        edgeCpuSec: after.cpuSec - before.cpuSec,
        account: ledger.account(),
        repeats,
        lateness: ledger.lateness(0, most).sinceSent,
        longestSilenceMs: ledger.longestSilenceMs(),
        repaired: metrics.get('tidings_gap_repairs_total') ?? 0,
        faults: readers.ended > 0 ? [`${readers.ended} streams ended`] : [],
      };
    } finally {
      readers.close();
    }
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    await nats.remove();
  }
}

interface Varz {
  readonly subscriptions: number;
  readonly mem: number;
}

async function readVarz({ monitorUrl }: NatsServer): Promise<Varz | undefined> {
  try {
    const response = await fetch(`${monitorUrl}/varz`, { signal: AbortSignal.timeout(1_000) });
    return (await response.json()) as Varz;
  } catch {
    return undefined;
  }
}

const subscriptionsOf = async (server: NatsServer): Promise<number> => (await readVarz(server))?.subscriptions ?? 0;
const serverRss = async (server: NatsServer): Promise<number> => (await readVarz(server))?.mem ?? 0;

async function untilSubscribed(server: NatsServer, count: number): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const now = await subscriptionsOf(server);
    if (now >= count) return;
    if (performance.now() > endMs) throw new Error(`the server has ${now} subscriptions of ${count}`);
    await pause(LOOK_MS);
  }
}
