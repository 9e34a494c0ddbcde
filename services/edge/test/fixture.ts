import type { Socket } from 'node:net';
import {
  createAuthenticator,
  createSecretSource,
  createVerifier,
  type KeySource,
  mintToken,
  parseAllowedOrigins,
  parseTopicClasses,
} from '@tidings/auth';
import type { Broker, Cluster, PublishInput, Receipt } from '@tidings/broker';
import { createMemoryBroker, createMemoryCluster, type MemoryBus } from '@tidings/broker/memory';
import { type AuditLevel, createControl } from '@tidings/control';
import {
  type Clock,
  createClientAddress,
  createLogger,
  createMetrics,
  createPublicServer,
  createServiceApp,
  type Metrics,
  type OwnCell,
  type PublicServer,
  systemClock,
} from '@tidings/runtime';
import {
  type Asked,
  CERTIFICATE,
  openStream,
  readLogLine,
  request,
  type StreamClient,
  toOrigin,
} from '@tidings/runtime/testing';
import { expect, onTestFinished } from 'vitest';
import { createEdge, type Edge, type EdgeOptions } from '../src/edge.ts';
import { eventually } from './eventually.ts';
import { FEED, selective } from './selective-broker.ts';

export const SECRET = 'a secret of this test that is 32 bytes or longer';
export const ALLOWED_ORIGIN = 'https://app.example';

/** What a browser's EventSource sends. */
export const NATIVE = { accept: 'text/event-stream' };

export interface EdgeSetup {
  readonly settings?: Partial<EdgeOptions['settings']>;
  readonly clock?: Clock;
  /** Topic classes: pattern -> class. */
  readonly classes?: object;
  readonly historyMaxBytes?: number;
  readonly historyMaxAgeMs?: number;
  readonly keys?: readonly KeySource[];
  readonly production?: boolean;
  readonly aheadWaitMs?: number;
  /** `interest`: the broker feeds what is followed, and nothing else; unset: as the whole run has it. */
  readonly feed?: 'all' | 'interest';
  /** Stands between the edge and its broker. */
  readonly wrapBroker?: (broker: Broker) => Broker;
  /** Joins other edges of the same test. */
  readonly bus?: MemoryBus;
  readonly auditLevel?: AuditLevel;
  readonly cell?: OwnCell;
  /** Lines of level error that this test wants to see. */
  readonly expectErrors?: boolean;
}

interface Tidings {
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
  readonly admin?: boolean;
}

type Extra = Partial<Omit<PublishInput, 'topic' | 'data'>>;

/** An edge alone on a free port, and what a test needs to feed and to watch it. */
export interface TestEdge {
  readonly url: string;
  readonly port: number;
  readonly server: PublicServer;
  readonly edge: Edge;
  readonly broker: Broker;
  readonly cluster: Cluster;
  readonly metrics: Metrics;
  /** Log lines. */
  readonly lines: readonly Record<string, unknown>[];
  /** Server ends of the connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  token(tidings?: Tidings, claims?: object, lifetimeSec?: number): Promise<string>;
  /** Publishes straight to the broker; a value that is not a string goes as JSON. */
  publish(topic: string, data: unknown, extra?: Extra): Promise<Receipt>;
  /** A request to `/v1/stream`; with a token for every topic unless `headers` says otherwise. */
  stream(query?: string, asked?: Asked): Promise<StreamClient>;
  /** Any GET; with a token for every topic unless `headers` says otherwise. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  openGauge(): Promise<number>;
}

const SETTINGS: EdgeOptions['settings'] = {
  heartbeatMs: 15_000,
  maxStreamAgeSec: 0,
  ringMaxBytes: 64 * 1_048_576,
  lagMaxBytes: 65_536,
  lagMaxAgeSec: 60,
  catchUpMaxBytes: 64 * 1_048_576,
  journalMaxBytes: 16 * 1_048_576,
  journalMaxAgeSec: 86_400,
  maxConnections: 0,
  maxConnectionsPerUser: 0,
  maxConnectionsPerTenant: 0,
  maxConnectionsPerAddress: 0,
  rateConnect: 0,
  rateConnectPerTenant: 0,
  rateConnectPerAddress: 0,
  drainMs: 10_000,
  maxTokenAgeSec: 31 * 86_400,
  historyMaxAgeSec: 86_400,
};

/**
 * Starts one. When the test has ended everything is closed, and it is checked that no session, timer or connection is
 * left and that nothing unexpected was logged.
 */
export async function startEdge(setup: EdgeSetup = {}): Promise<TestEdge> {
  const { clock = systemClock, historyMaxBytes = 268_435_456, historyMaxAgeMs = 86_400_000 } = setup;
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('edge', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  const metrics = createMetrics();
  const onFault = (error: unknown): void => log.error({ err: error }, 'a question was not answered');
  const cluster = createMemoryCluster({ clock, onFault, ...(setup.bus !== undefined && { bus: setup.bus }) });
  const control = createControl(cluster, log, clock, setup.auditLevel);
  const authenticator = createAuthenticator({
    ...control.accessChecks,
    clock,
    verifier: createVerifier({ keys: setup.keys ?? [createSecretSource([SECRET])], clock }),
    allowedOrigins: parseAllowedOrigins([ALLOWED_ORIGIN]),
    cookieName: 'tidings',
    production: setup.production ?? false,
    onRefusal: (reason) => metrics.authFailures.inc({ reason }),
  });
  const memory = createMemoryBroker({ maxBytes: historyMaxBytes, maxAgeMs: historyMaxAgeMs, clock });
  await memory.open();
  const wrapped = setup.wrapBroker?.(memory) ?? memory;
  const broker = { all: (whole: Broker) => whole, interest: selective, any: FEED }[setup.feed ?? 'any'](wrapped);
  const edge = await createEdge({
    broker,
    ...control,
    authenticator,
    classes: parseTopicClasses(JSON.stringify(setup.classes ?? {})),
    cell: setup.cell,
    metrics,
    log,
    settings: { ...SETTINGS, ...setup.settings },
    clock,
    ...(setup.aheadWaitMs !== undefined && { aheadWaitMs: setup.aheadWaitMs }),
  });
  await cluster.open();
  const app = createServiceApp({
    log,
    clientAddress: createClientAddress([]),
    corsOrigin: authenticator.corsOrigin,
    onProblem: control.audit.noteProblem,
  });
  edge.addTo(app);
  const server = createPublicServer({ fetch: (asked, env) => app.fetch(asked, env), log, certificate: CERTIFICATE });
  const { sockets } = server;
  const port = await server.listen('127.0.0.1', 0);
  const url = toOrigin(port);
  const clients: StreamClient[] = [];
  const openGauge = async (): Promise<number> =>
    (await metrics.connectionsOpen.get()).values.reduce((sum, { value }) => sum + value, 0);

  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    edge.close();
    await server.close(0);
    await cluster.close();
    await broker.close();
    expect(edge.openStreams, 'sessions left').toBe(0);
    expect(await openGauge(), 'open connections by the gauge').toBe(0);
    // `close` of a server comes before that of its last sockets.
    await eventually(() => sockets.size === 0);
    const errors = lines.filter(({ level }) => (level as number) >= 50);
    if (setup.expectErrors !== true) expect(errors, 'errors in the log').toEqual([]);
  });

  const token = (tidings: Tidings = { subscribe: ['>'] }, claims: object = {}, lifetimeSec = 3_600): Promise<string> =>
    mintToken(SECRET, { sub: 'alice', tidings, ...claims }, lifetimeSec, clock);
  const bearer = async (): Promise<{ authorization: string }> => ({ authorization: `Bearer ${await token()}` });

  return {
    url,
    port,
    server,
    edge,
    broker,
    cluster,
    metrics,
    lines,
    sockets,
    token,
    openGauge,
    publish(topic, data, extra = {}) {
      const json = typeof data !== 'string';
      return broker.publish({
        tenant: 'default',
        topic,
        event: '',
        data: Buffer.from(json ? JSON.stringify(data) : data),
        json,
        final: false,
        exclude: '',
        store: true,
        id: '',
        ttlSec: 0,
        ...extra,
      });
    },
    async stream(query = '', asked = {}) {
      const headers = asked.headers ?? (await bearer());
      const client = await openStream(`${url}/v1/stream${query === '' ? '' : `?${query}`}`, { ...asked, headers });
      clients.push(client);
      return client;
    },
    async get(path, headers) {
      return request(`${url}${path}`, { headers: headers ?? (await bearer()) });
    },
  };
}

/** Sessions whose client reads too slowly. */
export async function laggingSessions({ metrics }: TestEdge): Promise<number> {
  return (await metrics.laggingSessions.get()).values[0]?.value ?? 0;
}

/**
 * Publishes, an event in each turn, until a session lags, and then some more, which the kernel may still take.
 * @returns how many were published.
 */
export async function publishUntilLagging(
  edge: TestEdge,
  publish: (place: number) => Promise<unknown>,
  more = 0,
): Promise<number> {
  let most = Number.POSITIVE_INFINITY;
  let published = 0;
  while (published < most) {
    await publish(published);
    published += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (most === Number.POSITIVE_INFINITY && (await laggingSessions(edge)) === 1) most = published + more;
  }
  return published;
}
