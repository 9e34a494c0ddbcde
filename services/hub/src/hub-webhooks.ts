import type { Authenticator } from '@tidings/auth';
import type { Cluster, Lane, WorkQueue, WorkStore } from '@tidings/broker';
import { createMemoryWork } from '@tidings/broker/memory';
import { createNatsWorkOf } from '@tidings/broker/nats';
import { addWebhooks, createDispatcher, notePersonal, personalLeaseMs, readSecrets } from '@tidings/dispatcher';
import type { Message } from '@tidings/protocol';
import type { Clock, Logger, Metrics, ServiceApp, Settings } from '@tidings/runtime';
import { readWebhooksPlan, type WebhooksPlan } from '@tidings/webhooks';

export interface HubWebhooksParts {
  readonly settings: Settings;
  readonly embedded: boolean;
  readonly cluster: Cluster;
  readonly authenticator: Authenticator;
  readonly app: ServiceApp;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
}

// An endpoint that is down must not keep a hub from its end.
const SETTLE_MS = 3_000;
const LOOK_MS = 20;

/** Webhooks within a hub. */
export interface HubWebhooks {
  readonly plan: WebhooksPlan;
  readonly store: WorkStore;
  /** An event was stored by the embedded broker. */
  note(message: Message): void;
  /** Before anything is reported. */
  open(): Promise<void>;
  /** Once the cluster is open. */
  start(): void;
  /** While the cluster is still open; in memory once the edge has reported all ends, which are told first. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Puts webhooks together where the settings name any.
 * @throws ConfigurationError for a file or a secret that can't be used.
 */
export function createHubWebhooks(parts: HubWebhooksParts): HubWebhooks | undefined {
  const { settings, embedded, cluster, authenticator, app, metrics, log, clock } = parts;
  const plan = readWebhooksPlan(settings);
  if (plan === undefined) return undefined;
  const secrets = readSecrets(plan.endpoints, process.env);
  const store = embedded
    ? createMemoryWork({ clock, personalLeaseMs: personalLeaseMs(plan) })
    : createNatsWorkOf(settings, 'hub', log, metrics, personalLeaseMs(plan));
  const dispatcher = createDispatcher({ plan, secrets, store, cluster, clock, log, metrics });
  addWebhooks(app, { plan, queue: store.queue, dead: dispatcher.dead, authenticator });
  return {
    plan,
    store,
    note: notePersonal(store, metrics),
    open: () => store.queue.open(),
    start: dispatcher.start,
    async stop() {
      // What waits in memory ends with the process.
      if (embedded) await settle(store.queue, plan, clock);
      await dispatcher.stop();
    },
    close: () => store.queue.close(),
  };
}

async function settle(queue: Pick<WorkQueue, 'waiting'>, { endpoints }: WebhooksPlan, clock: Clock): Promise<void> {
  const lanes: readonly Lane[] = ['fact', ...endpoints.map(({ name }): Lane => `job:${name}`)];
  const isWaiting = async (): Promise<boolean> =>
    (await Promise.all(lanes.map((lane) => queue.waiting(lane)))).some((count) => count > 0);
  const endMs = clock.elapsed() + SETTLE_MS;
  while (clock.elapsed() < endMs && (await isWaiting())) {
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
}
