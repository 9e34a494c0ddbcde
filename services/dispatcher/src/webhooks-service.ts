import { createAccessControl } from '@tidings/auth';
import type { WorkStore } from '@tidings/broker';
import { createNatsClusterOf, createNatsWorkOf } from '@tidings/broker/nats';
import { createControl } from '@tidings/control';
import type { Message } from '@tidings/protocol';
import {
  addApiDocument,
  type Clock,
  ConfigurationError,
  createHostedApp,
  createMetrics,
  type HostedService,
  hostService,
  type Logger,
  type Metrics,
  type Settings,
  systemClock,
} from '@tidings/runtime';
import { readWebhooksPlan, type WebhooksPlan } from '@tidings/webhooks';
import { createDispatcher } from './dispatcher.ts';
import { readSecrets } from './secrets.ts';
import { addWebhooks } from './webhook-routes.ts';

// A request that is under way is waited for.
const CLOSE_GRACE_MS = 16_000;

/**
 * Starts the process that sends webhooks on its two ports; resolves once it does.
 * @throws ConfigurationError for settings that can't be used, a file without which it has nothing to do included.
 */
export async function startWebhooks(
  settings: Settings,
  log: Logger,
  clock: Clock = systemClock,
  env: NodeJS.ProcessEnv = process.env,
): Promise<HostedService> {
  const plan = readWebhooksPlan(settings);
  if (plan === undefined) throw new ConfigurationError(['TIDINGS_WEBHOOKS_FILE: is required']);
  const secrets = readSecrets(plan.endpoints, env);
  const metrics = createMetrics();
  const { cluster, accessChecks, audit } = createControl(
    createNatsClusterOf(settings, 'webhooks', log, metrics, clock),
    log,
    clock,
    settings.audit,
  );
  const { authenticator } = createAccessControl(settings, settings.jwtSecrets, metrics, clock, {
    isRevoked: accessChecks.isRevoked,
  });
  metrics.inTouch.from(() => (cluster.inTouch ? 1 : 0));
  const store = createNatsWorkOf(settings, 'webhooks', log, metrics, personalLeaseMs(plan));
  const dispatcher = createDispatcher({ plan, secrets, store, cluster, clock, log, metrics });
  const app = createHostedApp(settings, metrics, log, authenticator.corsOrigin, audit.noteProblem);
  addWebhooks(app, { plan, queue: store.queue, dead: dispatcher.dead, authenticator });
  addApiDocument(app, 'Tidings webhooks');
  const service = {
    health: {
      live: () => true,
      ready: () => cluster.inTouch,
      detail: () => ({ endpoints: plan.endpoints.length }),
    },
    closeGraceMs: CLOSE_GRACE_MS,
    node: cluster.id,
    async open() {
      await store.queue.open();
      await cluster.open();
      dispatcher.start();
      return app.fetch;
    },
    drain: async () => {},
    async close() {
      await dispatcher.stop();
      await cluster.close();
      await store.queue.close();
    },
  };
  return hostService(service, settings, metrics, log);
}

/** How long an event on a personal topic may be held, so that it can be decided meanwhile. */
export const personalLeaseMs = ({ unreachedAfterSec }: WebhooksPlan): number => (unreachedAfterSec + 60) * 1_000;

/** Puts an event on a personal topic into the queue, where one process is all there is: there is no log to read them from. */
export function notePersonal({ queue }: WorkStore, metrics: Metrics): (message: Message) => void {
  return ({ tenant, topic, seq, timeMs, exclude }) => {
    if (!/^user\.[^.]+$/.test(topic)) return;
    const event = JSON.stringify({ tenant, topic, seq, timeMs, exclude });
    queue.put('personal', `${seq}`, event).catch(() => metrics.webhookFactsDropped.inc());
  };
}
