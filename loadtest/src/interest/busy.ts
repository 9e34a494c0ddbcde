import { setTimeout as pause } from 'node:timers/promises';
import type { Broker } from '@tidings/broker';
import { createNatsBroker } from '@tidings/broker/nats';
import { startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { nowUs } from '../generator/clock.ts';
import { encodePayload } from '../generator/mark.ts';
import type { MeasuredProcess } from '../server/measured-process.ts';
import { startTidings, targetOf } from '../server/tidings.ts';
import type { Feed } from './edges.ts';
import { awaitAll } from './flow.ts';
import { pathsOf, streamOf, topicOf } from './layout.ts';
import { type Account, Ledger } from './ledger.ts';
import { type BusyPlan, PAYLOAD_BYTES } from './plan.ts';
import { openReaders } from './readers.ts';

/** What one edge used while one server took events as fast as it does. */
export interface BusyPoint {
  readonly feed: Feed;
  /** How much of all topics its streams follow. */
  readonly share: number;
  readonly events: number;
  readonly seconds: number;
  readonly account: Account;
  /** Without what it uses at rest. */
  readonly edgeCpuSec: number;
}

const LIMITS = { maxBytes: 4_000_000_000, maxAgeMs: 3_600_000 };
const FEEDS: readonly Feed[] = ['all', 'interest'];
const PATIENCE_MS = 5_000;

/**
 * How much CPU an edge uses for each event of the log where it has enough to do that being woken counts little: one server,
 * and a publisher without an ingest before it, so that two cores carry it.
 */
export async function measureBusy(plan: BusyPlan, tell: (point: BusyPoint) => void): Promise<BusyPoint[]> {
  const nats = await startNatsServer();
  const log = createLogger('load', 'silent', { write() {} });
  const broker = createNatsBroker({ ...LIMITS, servers: [nats.url], role: 'ingest', log, metrics: createMetrics() });
  // It makes what edges share, and takes nothing.
  const ingest = await startTidings('ingest', { transport: 'h1' }, { TIDINGS_NATS_URL: nats.url });
  try {
    await broker.open();
    const points: BusyPoint[] = [];
    for (const share of plan.shares) {
      for (const feed of FEEDS) {
        const point = await measurePoint(plan, feed, share, nats.url, broker);
        tell(point);
        points.push(point);
      }
    }
    return points;
  } finally {
    await broker.close();
    await ingest.stop();
    await nats.remove();
  }
}

async function measurePoint(
  plan: BusyPlan,
  feed: Feed,
  share: number,
  url: string,
  broker: Broker,
): Promise<BusyPoint> {
  const { topics, topicsPerStream, warmEvents, events, restSeconds } = plan;
  const edge = await startTidings('edge', { transport: 'h1' }, { TIDINGS_NATS_URL: url, TIDINGS_FEED: feed });
  const layout = { topics, topicsPerStream, edges: 1, share };
  const topicOfEvent = (number: number): number => (number * 37) % topics;
  const ledger = new Ledger(warmEvents + events, (number) => streamOf(layout, topicOfEvent(number)));
  const cpuSec = async (each: MeasuredProcess): Promise<number> => (await each.usage()).cpuSec;
  try {
    const target = await targetOf(edge, 'h1');
    const readers = await openReaders({ streams: pathsOf(layout).map((path) => ({ target, path })), ledger });
    const publish = (from: number, count: number): Promise<void> =>
      publishAtOnce(broker, ledger, (number) => topicOf(topicOfEvent(number)), {
        from,
        count,
        underWay: plan.underWay,
      });
    try {
      await publish(0, warmEvents);
      await awaitAll(ledger, PATIENCE_MS);
      const restBefore = await cpuSec(edge);
      await pause(restSeconds * 1000);
      const before = await cpuSec(edge);
      const startMs = performance.now();
      await publish(warmEvents, events);
      await awaitAll(ledger, PATIENCE_MS);
      const seconds = (performance.now() - startMs) / 1000;
      const used = (await cpuSec(edge)) - before;
      const rest = (before - restBefore) / restSeconds;
      return { feed, share, events, seconds, account: ledger.account(), edgeCpuSec: used - rest * seconds };
    } finally {
      readers.close();
    }
  } finally {
    await edge.stop();
  }
}

async function publishAtOnce(
  broker: Broker,
  ledger: Ledger,
  topicOfEvent: (number: number) => string,
  { from, count, underWay }: { from: number; count: number; underWay: number },
): Promise<void> {
  const waiting = new Set<Promise<void>>();
  for (let number = from; number < from + count; number += 1) {
    while (waiting.size >= underWay) await Promise.race(waiting);
    ledger.send(number, nowUs());
    const data = Buffer.from(encodePayload(PAYLOAD_BYTES, nowUs(), number));
    const plain = {
      tenant: 'default',
      event: '',
      json: false,
      final: false,
      exclude: '',
      store: true,
      id: '',
      ttlSec: 0,
    };
    const published = broker.publish({ ...plain, topic: topicOfEvent(number), data }).then(() => {
      ledger.accept(number, nowUs());
      waiting.delete(published);
    });
    waiting.add(published);
  }
  await Promise.all(waiting);
}
