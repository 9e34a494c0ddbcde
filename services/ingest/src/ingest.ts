import { createAccessControl } from '@tidings/auth';
import type { Broker, Cluster } from '@tidings/broker';
import { createNatsBrokerOf, createNatsClusterOf } from '@tidings/broker/nats';
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
  type Settings,
  systemClock,
} from '@tidings/runtime';
import { openTracing } from '@tidings/tracing';
import { addIngest } from './routes.ts';

/** Makes the broker that the settings name, not yet open. */
type CreateBroker = (settings: Settings, role: 'ingest', log: Logger, metrics: Metrics, clock: Clock) => Broker;

/** Makes the cluster that the settings name, not yet open. */
type CreateCluster = (settings: Settings, role: 'ingest', log: Logger, metrics: Metrics, clock: Clock) => Cluster;

/**
 * How long publishes under way may take once the process is asked to end: longer than a publish is tried again for
 * while the brokers elect a leader (15 s), so that even those get their answer.
 */
export const PUBLISH_GRACE_MS = 16_000;

/**
 * Starts an ingest on its two ports; resolves once its broker is open and it accepts connections.
 * @throws ConfigurationError for settings that can't be used, an address or a broker that refuses us included.
 */
export async function startIngest(
  settings: Settings,
  log: Logger,
  clock: Clock = systemClock,
  createBroker: CreateBroker = createNatsBrokerOf,
  createCluster: CreateCluster = createNatsClusterOf,
): Promise<HostedService> {
  const metrics = createMetrics();
  const tracing = await openTracing(settings, 'ingest', metrics, log);
  const { cluster, accessChecks, audit } = createControl(
    createCluster(settings, 'ingest', log, metrics, clock),
    log,
    clock,
    settings.audit,
  );
  const { authenticator, classes } = createAccessControl(settings, settings.jwtSecrets, metrics, clock, {
    isRevoked: accessChecks.isRevoked,
  });
  metrics.inTouch.from(() => (cluster.inTouch ? 1 : 0));
  const cell = readOwnCell(settings, 'ingest');
  const broker = createBroker(settings, 'ingest', log, metrics, clock);
  const app = createHostedApp(settings, metrics, log, authenticator.corsOrigin, audit.noteProblem);
  const { tracer } = tracing;
  const ingest = addIngest(app, {
    broker,
    cluster,
    authenticator,
    classes,
    cell,
    audit,
    metrics,
    log,
    settings,
    clock,
    tracer,
  });
  addApiDocument(app, 'Tidings ingest');
  const service = {
    health: {
      live: () => broker.health().live,
      // Another ingest may reach the broker: a balancer should ask that one.
      ready: () => broker.health().ready,
      detail: () => ({ broker: broker.health().detail }),
    },
    closeGraceMs: PUBLISH_GRACE_MS,
    node: cluster.id,
    async open() {
      await broker.open();
      await cluster.open();
      return app.fetch;
    },
    drain: async () => {},
    async close() {
      await ingest.close();
      await cluster.close();
      await broker.close();
      await tracing.close();
    },
  };
  return hostService(service, settings, metrics, log);
}
