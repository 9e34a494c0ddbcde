import { type Cluster, type Lane, NoRoomError, type WorkStore } from '@tidings/broker';
import type { Clock, Logger, Metrics, Timer } from '@tidings/runtime';
import { areUnreachedWanted, type WebhooksPlan } from '@tidings/webhooks';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { deliver } from './delivery.ts';
import { audienceOf, type HookEvent } from './hook-event.ts';
import { createLedgerKeeper } from './ledger-keeper.ts';
import { createSender } from './sender.ts';
import { createUnreachedFinder } from './unreached.ts';

export interface DispatcherParts {
  readonly plan: WebhooksPlan;
  /** Of each endpoint, by name. */
  readonly secrets: ReadonlyMap<string, readonly string[]>;
  readonly store: WorkStore;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Finds out what is to be told, and tells it. Several may run: each piece of work is one's at a time. */
export interface Dispatcher {
  readonly dead: DeadLetters;
  /** Begins; the queue and the cluster are open. */
  start(): void;
  /** Ends what is under way. */
  stop(): Promise<void>;
}

const SWEEP_MS = 5_000;
const AGAIN_MS = 1_000;

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { plan, secrets, store, cluster, clock, log, metrics } = parts;
  const dead = createDeadLetters(store, clock);
  const senders = plan.endpoints.map(({ name, url, allowPrivate }) => ({
    name,
    sender: createSender({ url, secrets: secrets.get(name) ?? [], allowPrivate, clock }),
  }));
  const loops: Promise<void>[] = [];
  const ending = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    ending.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const full = new Set<string>();
  let sweeping: Timer | undefined;

  async function tell(event: HookEvent): Promise<void> {
    const body = JSON.stringify(event);
    await Promise.all(
      audienceOf(plan, event).map(async ({ name }) => {
        try {
          await store.queue.put(`job:${name}`, event.id, body);
        } catch (error) {
          if (!(error instanceof NoRoomError)) throw error;
          await giveUp(name, event);
        }
      }),
    );
  }

  // Too much waits for it, or for others: it is replayed once there is room, and nobody else waits for that.
  async function giveUp(endpoint: string, event: HookEvent): Promise<void> {
    if (!full.has(endpoint))
      log.error({ endpoint }, 'too many webhooks wait: those that come now are given up at once');
    full.add(endpoint);
    await dead.bury(endpoint, event, 0, { reason: 'too many waited' });
    metrics.webhookDeadLetters.inc({ endpoint });
  }

  const keeper = createLedgerKeeper({
    store,
    cluster,
    plan,
    clock,
    log,
    tell,
    onDropped: (count) => metrics.webhookFactsDropped.inc(count),
  });

  async function pause(ms: number): Promise<boolean> {
    await Promise.race([stopped, new Promise<void>((resolve) => void clock.after(ms, resolve))]);
    return !ending.signal.aborted;
  }

  async function loop(what: string, run: () => Promise<void>): Promise<void> {
    let isFailing = false;
    while (!ending.signal.aborted) {
      try {
        await run();
        isFailing = false;
      } catch (error) {
        if (ending.signal.aborted) return;
        if (!isFailing) log.warn({ err: error }, `${what} has to wait`);
        isFailing = true;
        await pause(AGAIN_MS);
      }
    }
  }

  const unreached = createUnreachedFinder({ queue: store.queue, cluster, plan, clock, tell, pause });

  // Of a lane that nobody has taken from nobody knows.
  async function count(): Promise<void> {
    const { webhookFactsWaiting, webhookTasksWaiting } = metrics;
    const gauges: [Lane, (count: number) => void][] = [
      ['fact', (count) => webhookFactsWaiting.set(count)],
      ...senders.map(({ name: endpoint }): [Lane, (count: number) => void] => [
        `job:${endpoint}`,
        (count) => webhookTasksWaiting.set({ endpoint }, count),
      ]),
    ];
    await Promise.allSettled(gauges.map(async ([lane, set]) => set(await store.queue.waiting(lane))));
  }

  // One after the other, however long each takes.
  async function sweep(): Promise<void> {
    await count();
    await keeper.sweep().catch((error: unknown) => log.debug({ err: error }, 'lost edges are looked for later'));
    if (!ending.signal.aborted) sweeping = clock.after(SWEEP_MS, () => void sweep());
  }

  return {
    dead,
    start() {
      loops.push(loop('what edges report', keeper.work));
      for (const { name: endpoint, sender } of senders) {
        const delivery = { endpoint, sender, queue: store.queue, dead, clock, log, metrics };
        loops.push(loop(`the delivery to ${endpoint}`, () => deliver(delivery)));
        metrics.webhookDeadLetters.inc({ endpoint }, 0);
      }
      if (areUnreachedWanted(plan)) {
        loops.push(loop('who was not reached', unreached.work));
      }
      sweeping = clock.after(SWEEP_MS, () => void sweep());
    },
    async stop() {
      ending.abort();
      sweeping?.cancel();
      await Promise.all(loops);
      await unreached.close().catch(() => {});
      await Promise.all(senders.map(({ sender }) => sender.close()));
    },
  };
}
