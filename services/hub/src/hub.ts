import { createAccessControl } from '@tidings/auth';
import type { Broker, Cluster } from '@tidings/broker';
import { createMemoryBroker, createMemoryCluster } from '@tidings/broker/memory';
import { createNatsBrokerOf, createNatsClusterOf } from '@tidings/broker/nats';
import { createConsole, createDevelopmentRoutes } from '@tidings/console';
import { createControl } from '@tidings/control';
import { AHEAD_WAIT_MS, createEdgeService, type EdgeService } from '@tidings/edge';
import { addIngest, PUBLISH_GRACE_MS } from '@tidings/ingest';
import type { Message } from '@tidings/protocol';
import {
  type Clock,
  createHostedApp,
  createMetrics,
  type HostedService,
  hostService,
  type Logger,
  type Metrics,
  readOwnCell,
  type Settings,
  systemClock,
} from '@tidings/runtime';
import { openTracing } from '@tidings/tracing';
import { createDevelopmentKit, createDevelopmentSecret, type DevelopmentKit } from './development.ts';
import { createDevelopmentPages } from './development-pages.ts';
import { createHubWebhooks, type HubWebhooks } from './hub-webhooks.ts';
import { addNewcomerPage } from './newcomer-page.ts';

/** A hub that accepts connections. */
export interface Hub extends HostedService {
  /** Its broker is a part of this process, and forgets everything with it. */
  readonly embedded: boolean;
  /** Tokens to try it with; only in development, and only when no key is configured. */
  readonly kit: DevelopmentKit | undefined;
}

/**
 * Starts ingest and edge on one port around one broker, on NATS where a server is configured and embedded where none is,
 * and the admin port beside it.
 * @throws ConfigurationError for settings that can't be used, an address or a broker that refuses us included.
 */
export async function startHub(settings: Settings, log: Logger, clock: Clock = systemClock): Promise<Hub> {
  const metrics = createMetrics();
  const tracing = await openTracing(settings, 'hub', metrics, log);
  const { tracer } = tracing;
  const needsKit =
    !settings.production &&
    settings.jwtSecrets.length === 0 &&
    settings.jwtPublicKey === undefined &&
    settings.jwksUrl === undefined &&
    settings.issuersFile === undefined;
  const secrets = needsKit ? [createDevelopmentSecret()] : settings.jwtSecrets;
  const embedded = settings.natsServers === undefined;
  const cluster = embedded
    ? createEmbeddedCluster(log, clock)
    : createNatsClusterOf(settings, 'hub', log, metrics, clock);
  // The demo publishes without end: its lines would wash away what a newcomer is to read.
  const isQuiet = needsKit && settings.logLevel === 'info';
  const control = createControl(cluster, log, clock, settings.audit, !isQuiet);
  const { authenticator, classes } = createAccessControl(settings, secrets, metrics, clock, control.accessChecks);
  const kit = needsKit ? await createDevelopmentKit(secrets[0] as string, clock) : undefined;
  let webhooks: HubWebhooks | undefined;
  const broker = embedded
    ? createEmbeddedBroker(settings, metrics, clock, (message) => webhooks?.note(message))
    : createNatsBrokerOf(settings, 'hub', log, metrics, clock);
  const { audit } = control;
  const requestLog = isQuiet ? log.child({}, { level: 'warn' }) : log;
  const app = createHostedApp(settings, metrics, requestLog, authenticator.corsOrigin, audit.noteProblem);
  const hubParts = { settings, embedded, cluster, authenticator, app, metrics, log, clock };
  webhooks = createHubWebhooks(hubParts);
  const ingest = addIngest(app, {
    broker,
    cluster,
    authenticator,
    classes,
    cell: readOwnCell(settings, 'ingest'),
    audit,
    metrics,
    log,
    settings,
    clock,
    tracer,
  });
  const edge: EdgeService = createEdgeService(app, 'Tidings hub', {
    broker,
    ...control,
    authenticator,
    classes,
    cell: readOwnCell(settings, 'edge'),
    metrics,
    log,
    settings,
    // The feed of an embedded broker can't be behind.
    aheadWaitMs: embedded ? 0 : AHEAD_WAIT_MS,
    alone: embedded,
    webhooks: webhooks && { plan: webhooks.plan, queue: webhooks.store.queue },
    clock,
    tracer,
  });
  // Known once the port is; nobody asks before.
  let url = '';
  const secret = secrets[0] as string;
  const pages = kit && createDevelopmentPages({ secret, clock, log, hubUrl: () => url, cut: edge.cut });
  if (kit !== undefined) addNewcomerPage(app, kit);
  if (pages !== undefined) app.route('/', pages.demo.routes);
  if (settings.console !== 'off') {
    app.route('/', createConsole()).route('/', createDevelopmentRoutes(pages?.tools));
  }
  const service = {
    ...edge,
    closeGraceMs: PUBLISH_GRACE_MS,
    async open() {
      await webhooks?.open();
      const fetch = await edge.open();
      webhooks?.start();
      return fetch;
    },
    async drain() {
      // It is a client of this hub: it leaves first.
      pages?.demo.close();
      await edge.drain();
    },
    async close() {
      await ingest.close();
      // On NATS another process goes on. In memory nobody does: the ends of the last streams are still to be told.
      if (!embedded) await webhooks?.stop();
      await edge.close();
      if (embedded) await webhooks?.stop();
      await webhooks?.close();
      await tracing.close();
    },
  };
  const hosted = await hostService(service, settings, metrics, log, clock);
  url = hosted.url;
  return { ...hosted, embedded, kit };
}

function createEmbeddedCluster(log: Logger, clock: Clock): Cluster {
  return createMemoryCluster({ clock, onFault: (error) => log.error({ err: error }, 'a question was not answered') });
}

function createEmbeddedBroker(
  settings: Settings,
  metrics: Metrics,
  clock: Clock,
  onStored: (message: Message) => void,
): Broker {
  metrics.brokerConnected.set(1);
  const { historyMaxBytes: maxBytes, historyMaxAgeSec } = settings;
  const broker = createMemoryBroker({
    maxBytes,
    maxAgeMs: historyMaxAgeSec * 1000,
    clock,
    onStored,
    onScheduled(_receipt, lateMs) {
      metrics.schedulesDelivered.inc();
      metrics.scheduleLateSeconds.observe(lateMs / 1000);
    },
  });
  metrics.schedulesPending.from(() => Number(broker.health().detail.schedules));
  return broker;
}
