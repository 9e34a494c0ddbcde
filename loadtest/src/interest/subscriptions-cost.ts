import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type NatsCluster, startNatsCluster } from '@tidings/broker/testing';
import { ask, readCounters } from '../feed/counters.ts';
import { ROOT } from '../server/measured-process.ts';
import { topicOf } from './layout.ts';
import { openRawSubscriber, type RawSubscriber } from './raw-subscriber.ts';

/** What so many subscriptions cost three servers. */
export interface SubscriptionsCost {
  readonly subscriptions: number;
  /** With the accounts of `deploy/nats/roles.conf`, where each crosses from one account to another. */
  readonly guarded: boolean;
  readonly connections: number;
  /** Until the servers have answered those who subscribed, and until all servers have all of them. */
  readonly answeredSec: number;
  readonly everywhereSec: number;
  /** By server: those that clients are on, the busiest first. */
  readonly rssBeforeBytes: readonly number[];
  readonly rssBytes: readonly number[];
  /** Between the servers; nothing where it can't be seen. */
  readonly routeBytes: number | undefined;
  readonly cpuSec: number;
  /** Until all servers have forgotten them when their connections end. */
  readonly forgottenSec: number;
}

const ON_CONNECTION = 50_000;
const EVERYWHERE_MS = 60_000;
const LOOK_MS = 20;
const SETTLE_MS = 1_500;
const PASSWORD = 'p1';
const ROLES = ['INGEST', 'EDGE', 'HUB', 'WEBHOOKS', 'OPERATOR'] as const;

/** Starts three servers of its own; topics are each subscribed to twice, as an edge does. */
export async function measureSubscriptions(subscriptions: number, guarded: boolean): Promise<SubscriptionsCost> {
  const cluster = await startNatsCluster(guarded ? guardedOptions() : {});
  const clients: RawSubscriber[] = [];
  try {
    const { servers } = cluster;
    const subjects = Array.from({ length: subscriptions }, (_, number) => {
      const topic = `0.default.${topicOf(number >> 1)}`;
      return number % 2 === 0 ? `live.${topic}` : `eph.${topic}`;
    });
    const parts: string[][] = [];
    for (let at = 0; at < subscriptions; at += ON_CONNECTION) parts.push(subjects.slice(at, at + ON_CONNECTION));
    const access = guarded ? { user: 'edge', password: PASSWORD } : {};
    for (const index of parts.keys()) {
      clients.push(await openRawSubscriber({ port: servers[index % servers.length]?.port ?? 0, ...access }));
    }
    await pause(SETTLE_MS);
    const base = await counts(cluster);
    const before = await readCounters(servers);
    const startMs = performance.now();
    const since = (): number => (performance.now() - startMs) / 1000;
    await Promise.all(clients.map((client, index) => client.subscribe(parts[index] ?? [])));
    const answeredSec = since();
    await untilAll(cluster, (count, at) => count >= (base[at] ?? 0) + subscriptions);
    const everywhereSec = since();
    await pause(SETTLE_MS);
    const after = await readCounters(servers);

    const leaveMs = performance.now();
    for (const client of clients) client.close();
    await untilAll(cluster, (count, at) => count <= (base[at] ?? 0));
    const routes = (counters: typeof after): number =>
      counters.reduce((sum, { kernel }) => sum + (kernel?.routeBytes ?? 0), 0);
    return {
      subscriptions,
      guarded,
      connections: parts.length,
      answeredSec,
      everywhereSec,
      rssBeforeBytes: before.map(({ rssBytes }) => rssBytes),
      rssBytes: after.map(({ rssBytes }) => rssBytes),
      routeBytes: after[0]?.kernel === undefined ? undefined : routes(after) - routes(before),
      cpuSec: after.reduce((sum, { cpuSec }, at) => sum + cpuSec - (before[at]?.cpuSec ?? 0), 0),
      forgottenSec: (performance.now() - leaveMs) / 1000,
    };
  } finally {
    for (const client of clients) client.close();
    await cluster.remove();
  }
}

function guardedOptions(): { config: string; env: NodeJS.ProcessEnv } {
  return {
    config: readFileSync(join(ROOT, 'deploy/nats/roles.conf'), 'utf8'),
    env: Object.fromEntries(ROLES.map((role) => [`NATS_${role}_PASSWORD`, PASSWORD])),
  };
}

const counts = ({ servers }: NatsCluster): Promise<number[]> =>
  Promise.all(servers.map(async (server) => (await ask<{ subscriptions: number }>(server, 'varz')).subscriptions));

async function untilAll(cluster: NatsCluster, holds: (count: number, at: number) => boolean): Promise<void> {
  const endMs = performance.now() + EVERYWHERE_MS;
  for (;;) {
    const now = await counts(cluster);
    if (now.every(holds)) return;
    if (performance.now() > endMs) throw new Error(`the servers have ${now.join(', ')} subscriptions`);
    await pause(LOOK_MS);
  }
}
