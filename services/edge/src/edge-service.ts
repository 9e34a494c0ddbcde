import { createAccessControl } from '@tidings/auth';
import type { Broker, Cluster, WorkQueue } from '@tidings/broker';
import { createNatsBrokerOf, createNatsClusterOf, createNatsWorkOf } from '@tidings/broker/nats';
import { createConsole, createDevelopmentRoutes } from '@tidings/console';
import { createControl } from '@tidings/control';
import {
  addApiDocument,
  type Clock,
  createHostedApp,
  createMetrics,
  type HostedService,
  hostService,
  type Logger,
  type Metrics,
  readOwnCell,
  type Service,
  type ServiceApp,
  type Settings,
  systemClock,
} from '@tidings/runtime';
import { openTracing } from '@tidings/tracing';
import { createFactReporter, readWebhooksPlan, type WebhooksPlan } from '@tidings/webhooks';
import { createEdge, type Edge, type EdgeOptions } from './edge.ts';

/** Makes the broker that the settings name, not yet open. */
type CreateBroker = (settings: Settings, role: 'edge', log: Logger, metrics: Metrics, clock: Clock) => Broker;

/** Makes the cluster that the settings name, not yet open. */
type CreateCluster = (settings: Settings, role: 'edge', log: Logger, metrics: Metrics, clock: Clock) => Cluster;

/** An edge as its host sees it, once it is open with what `Edge` says of it. */
export interface EdgeService extends Service, Pick<Edge, 'cut'> {}

/** How long an edge of a cluster waits for its feed to come to a cursor that another edge gave out. */
export const AHEAD_WAIT_MS = 5_000;

// Streams are told goodbye and end by themselves: what is left is a read of history.
const CLOSE_GRACE_MS = 5_000;

/**
 * Starts an edge on its two ports; resolves once its feed is open and it accepts connections.
 * @throws ConfigurationError for settings that can't be used, an address or a broker that refuses us included.
 */
export async function startEdge(
  settings: Settings,
  log: Logger,
  clock: Clock = systemClock,
  createBroker: CreateBroker = createNatsBrokerOf,
  createCluster: CreateCluster = createNatsClusterOf,
): Promise<HostedService> {
  const metrics = createMetrics();
  const tracing = await openTracing(settings, 'edge', metrics, log);
  const control = createControl(createCluster(settings, 'edge', log, metrics, clock), log, clock, settings.audit);
  const { authenticator, classes } = createAccessControl(
    settings,
    settings.jwtSecrets,
    metrics,
    clock,
    control.accessChecks,
  );
  const cell = readOwnCell(settings, 'edge');
  const broker = createBroker(settings, 'edge', log, metrics, clock);
  const app = createHostedApp(settings, metrics, log, authenticator.corsOrigin, control.audit.noteProblem);
  if (settings.console === 'on') app.route('/', createConsole()).route('/', createDevelopmentRoutes(undefined));
  const aheadWaitMs = AHEAD_WAIT_MS;
  const { tracer } = tracing;
  const options = {
    broker,
    ...control,
    authenticator,
    classes,
    cell,
    metrics,
    log,
    settings,
    aheadWaitMs,
    clock,
    tracer,
  };
  const plan = readWebhooksPlan(settings);
  const queue = plan && createNatsWorkOf(settings, 'edge', log, metrics).queue;
  const webhooks = plan && queue && { plan, queue };
  const edge = createEdgeService(app, 'Tidings edge', { ...options, webhooks });
  const service = {
    ...edge,
    async open() {
      await queue?.open();
      return edge.open();
    },
    async close() {
      await edge.close();
      await queue?.close();
      await tracing.close();
    },
  };
  return hostService(service, settings, metrics, log);
}

/** An edge, with where it reports to webhooks. */
export interface EdgeServiceOptions extends Omit<EdgeOptions, 'webhooks'> {
  /** Whoever has the queue opens it before, and closes it after. */
  readonly webhooks?: { readonly plan: WebhooksPlan; readonly queue: WorkQueue } | undefined;
}

/**
 * An edge as its host sees it, whose requests join those that the application has already: of an ingest, where both are
 * one service.
 * @param title names the application in its documents.
 */
export function createEdgeService(app: ServiceApp, title: string, options: EdgeServiceOptions): EdgeService {
  const { broker, cluster, metrics, log, clock = systemClock, webhooks } = options;
  const reporter =
    webhooks &&
    createFactReporter({
      queue: webhooks.queue,
      node: cluster.id,
      clock,
      log,
      onDropped: (count) => metrics.webhookFactsDropped.inc(count),
    });
  const told = webhooks && reporter && { plan: webhooks.plan, reporter };
  let edge: Edge | undefined;
  return {
    health: {
      live: () => broker.health().live,
      // Once it was connected it stays ready: streams that live on are worth more than a balancer's 503.
      ready: () => edge !== undefined,
      detail: () => ({ streams: edge?.openStreams ?? 0, broker: broker.health().detail }),
    },
    closeGraceMs: CLOSE_GRACE_MS,
    node: cluster.id,
    async open() {
      await broker.open();
      edge = await createEdge({ ...options, webhooks: told });
      await cluster.open();
      edge.addTo(app);
      addApiDocument(app, title);
      return app.fetch;
    },
    cut: (session) => edge?.cut(session) ?? false,
    drain: async () => edge?.drain(),
    async close() {
      edge?.close();
      // Those that were just closed, too.
      await reporter?.close();
      await cluster.close();
      await broker.close();
    },
  };
}
