import type { Server } from 'node:http';
import { createAccessControl } from '@tidings/auth';
import { createMemoryBroker } from '@tidings/broker/memory';
import { createEdge } from '@tidings/edge';
import { addIngest } from '@tidings/ingest';
import {
  addApiDocument,
  type ClientAddress,
  type Clock,
  ConfigurationError,
  closeServer,
  createAdminServer,
  createClientAddress,
  createHttpServer,
  createMetrics,
  createServiceApp,
  type Logger,
  listen,
  type Running,
  type Settings,
  systemClock,
} from '@tidings/runtime';
import { createDevelopmentKit, createDevelopmentSecret, type DevelopmentKit } from './development.ts';
import { addNewcomerPage } from './newcomer-page.ts';

/** A hub that accepts connections. */
export interface Hub extends Running {
  readonly url: string;
  readonly adminUrl: string;
  /** Tokens to try it with; only in development, and only when no key is configured. */
  readonly kit: DevelopmentKit | undefined;
}

/** The version that documents and logs show. */
export const VERSION = '0.1.0';

// Requests under way when the process is asked to end; streams are told goodbye before and end by themselves.
const CLOSE_GRACE_MS = 5_000;

/**
 * Starts ingest and edge on one port around an embedded broker, and the admin port beside it.
 * @throws ConfigurationError for settings that can't be used, an address that can't be bound included.
 */
export async function startHub(settings: Settings, log: Logger, clock: Clock = systemClock): Promise<Hub> {
  const metrics = createMetrics();
  const needsKit =
    !settings.production &&
    settings.jwtSecrets.length === 0 &&
    settings.jwtPublicKey === undefined &&
    settings.jwksUrl === undefined;
  const secrets = needsKit ? [createDevelopmentSecret()] : settings.jwtSecrets;
  const { authenticator, classes } = createAccessControl(settings, secrets, metrics, clock);
  const kit = needsKit ? await createDevelopmentKit(secrets[0] as string, clock) : undefined;
  const clientAddress = readProxies(settings);

  const broker = createMemoryBroker({
    maxBytes: settings.historyMaxBytes,
    maxAgeMs: settings.historyMaxAgeSec * 1000,
    clock,
  });
  await broker.open();
  metrics.brokerConnected.set(1);
  const edge = await createEdge({ broker, authenticator, classes, metrics, log, settings, clock });
  const app = createServiceApp({
    log,
    clientAddress,
    corsOrigin: authenticator.corsOrigin,
    onProblem: (reason) => metrics.rejected.inc({ reason }),
  });
  const rules = { maxEventBytes: settings.maxEventBytes, maxTtlSec: settings.historyMaxAgeSec, classes };
  addIngest(app, { broker, authenticator, metrics, log, rules, maxBodyBytes: settings.maxBodyBytes });
  edge.addTo(app);
  addApiDocument(app, 'Tidings hub', VERSION);
  if (kit !== undefined) addNewcomerPage(app, kit);

  let stopping = false;
  const server = createHttpServer((request, env) => app.fetch(request, env), log);
  const admin = createAdminServer(metrics, {
    live: () => broker.health().live,
    ready: () => !stopping && broker.health().ready,
    detail: () => ({ streams: edge.openStreams, broker: broker.health().detail }),
  });
  const port = await bind(server, settings.host, settings.port, 'HOST, PORT');
  const adminPort = await bind(admin, settings.adminHost, settings.adminPort, 'TIDINGS_ADMIN_HOST, TIDINGS_ADMIN_PORT');

  return {
    url: toUrl(settings.host, port),
    adminUrl: toUrl(settings.adminHost, adminPort),
    kit,
    async stop() {
      stopping = true;
      edge.drain();
      await closeServer(server, CLOSE_GRACE_MS);
      edge.close();
      await broker.close();
      await closeServer(admin, 0);
    },
  };
}

function readProxies(settings: Settings): ClientAddress {
  try {
    return createClientAddress(settings.trustedProxies);
  } catch (error) {
    throw new ConfigurationError([`TIDINGS_TRUSTED_PROXIES: ${(error as Error).message}`]);
  }
}

async function bind(server: Server, host: string, port: number, variables: string): Promise<number> {
  try {
    return await listen(server, host, port);
  } catch (error) {
    throw new ConfigurationError([`${variables}: can't listen on ${host}:${port}, ${(error as Error).message}`]);
  }
}

// An address of all interfaces is none that a client could use.
function toUrl(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
