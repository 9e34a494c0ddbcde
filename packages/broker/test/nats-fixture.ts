import { setTimeout as pause } from 'node:timers/promises';
import type { BrokerHarness } from '@tidings/broker/contract';
import {
  createNatsBroker,
  createNatsCluster,
  createNatsWork,
  type NatsBrokerOptions,
  type NatsClusterOptions,
  type NatsRole,
} from '@tidings/broker/nats';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { type Clock, createLogger, createMetrics, type Metrics, systemClock } from '@tidings/runtime';
import { readLogLine } from '@tidings/runtime/testing';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, onTestFinished, test } from 'vitest';
import type { Cluster, ClusterRole } from '../src/cluster-port.ts';
import type { Broker } from '../src/port.ts';
import type { WorkStore } from '../src/work-port.ts';

/** A real server, brokers on it, and an administrator's own connection. */
export interface NatsFixture {
  readonly server: NatsServer;
  readonly admin: NatsConnection;
  readonly metrics: Metrics;
  /** What the brokers logged. */
  readonly lines: Record<string, unknown>[];
  create(role: NatsRole, change?: Partial<NatsBrokerOptions>): Broker;
  /** A cluster that is not open yet; whatever of its handlers is reported is added to `faults`. */
  createCluster(role: ClusterRole, faults?: unknown[], change?: Partial<NatsClusterOptions>): Cluster;
  /** Where webhooks keep their work, not open yet. */
  createWork(role: NatsRole, clock?: Clock): WorkStore;
  /** One call to JetStream's API as an administrator. */
  api(method: string, body?: object): Promise<Record<string, unknown>>;
  deleteStream(): Promise<void>;
  remove(): Promise<void>;
}

export async function createNatsFixture(): Promise<NatsFixture> {
  const server = await startNatsServer();
  const admin = await connect({ servers: server.url });
  const metrics = createMetrics();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  const api: NatsFixture['api'] = async (method, body) =>
    (
      await admin.request(`$JS.API.${method}`, body === undefined ? '' : JSON.stringify(body), { timeout: 5_000 })
    ).json();
  return {
    server,
    admin,
    metrics,
    lines,
    create: (role, change = {}) =>
      createNatsBroker({
        servers: [server.url],
        role,
        maxBytes: 64_000_000,
        maxAgeMs: 3_600_000,
        log,
        metrics,
        traces: true,
        ...change,
      }),
    createCluster(role, faults = [], change = {}) {
      const own = Object.create(log, {
        error: {
          value: (fields: { err?: unknown }, text: string) => {
            if (fields.err !== undefined) faults.push(fields.err);
            log.error(fields, text);
          },
        },
      });
      return createNatsCluster({ servers: [server.url], role, log: own, metrics, ...change });
    },
    createWork: (role, clock = systemClock) => createNatsWork({ servers: [server.url], role, log, metrics, clock }),
    api,
    async deleteStream() {
      await api('STREAM.DELETE.EVT_0');
    },
    async remove() {
      await admin.close();
      await server.remove();
    },
  };
}

/** The contract's cases on the one server of a file. */
export function createNatsHarness(feed: 'all' | 'interest'): BrokerHarness {
  let fixture: NatsFixture;
  beforeAll(async () => {
    fixture = await createNatsFixture();
  });
  afterAll(() => fixture?.remove());
  return {
    test,
    async open({ maxBytes = 64_000_000, maxAgeMs = 3_600_000, idempotencyWindowMs = 120_000, ...room } = {}) {
      await fixture.deleteStream();
      await fixture.api('STREAM.DELETE.SCHEDULES');
      const broker = fixture.create('hub', {
        maxBytes,
        maxAgeMs,
        idempotencyWindowMs: Math.min(idempotencyWindowMs, maxAgeMs),
        feed,
        ...room,
      });
      await broker.open();
      onTestFinished(() => broker.close());
      return { broker, elapse: (ms) => pause(ms), now: Date.now };
    },
  };
}
