import { type Cluster, NoRoomError, type Task, type WorkStore } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import type { Clock, Logger } from '@tidings/runtime';
import { type Fact, parseFactBatch, WEBHOOK_EDGE, type WebhooksPlan } from '@tidings/webhooks';
import { foldFacts, nodeKey, presenceKeysOf, sessionKeysOf, type Write } from './fold.ts';
import { type HookEvent, toHookId } from './hook-event.ts';

/** Works out what edges report, and reports for those that are gone. */
export interface LedgerKeeper {
  /** Works out the next batch of facts, if one comes within a second. */
  work(): Promise<void>;
  /** Looks for edges that are there no more, and has their sessions closed. */
  sweep(): Promise<void>;
}

export interface LedgerKeeperParts {
  readonly store: WorkStore;
  readonly cluster: Pick<Cluster, 'ask' | 'inTouch'>;
  readonly plan: WebhooksPlan;
  readonly clock: Clock;
  readonly log: Logger;
  /** Puts an event into the queues of all who are told. */
  tell(event: HookEvent): Promise<void>;
  /** Told of facts that can't be worked out, and are lost. */
  onDropped(count: number): void;
}

const AGAIN_MS = 1_000;
// Beside the 10 s for which the others wait for a process that is silent: one that is cut off for less comes back to its streams.
const LOST_MS = 20_000;
// A batch is one's own for a minute; what was read before may be old by then, and another is at work.
const HELD_MS = 45_000;
const MOST_AT_ONCE = 500;
const MOST_EDGES = 10_000;

export function createLedgerKeeper({
  store,
  cluster,
  plan,
  clock,
  log,
  tell,
  onDropped,
}: LedgerKeeperParts): LedgerKeeper {
  const { queue, ledger } = store;
  /** Since when an edge is missed, by the clock that only goes forward. */
  const missedSince = new Map<string, number>();

  async function read(keys: readonly string[]): Promise<[string, string | undefined][]> {
    return Promise.all(keys.map(async (key) => [key, (await ledger.get(key))?.value] as [string, string | undefined]));
  }

  // Whether it came to be written: not when this process stood still meanwhile, and somebody else has the batch.
  async function fold(task: Task, heldSinceMs: number): Promise<boolean> {
    const batch = parseFactBatch(task.body);
    if (batch === undefined) {
      log.error('what an edge reports to webhooks can not be read');
      onDropped(1);
      return true;
    }
    // It came back while this waited, and what it said then may have been worked out before.
    if (batch.facts.some(isOfLost) && (await cluster.ask(batch.node, WEBHOOK_EDGE, {})) !== undefined) return true;
    const records = new Map(await read(sessionKeysOf(batch)));
    for (const [key, value] of await read(presenceKeysOf(batch, records, plan))) records.set(key, value);
    const { events, steps } = foldFacts(batch, records, plan);
    // Told before it is written down: whoever ends in between leaves it to the next, who tells it under the same ids.
    await Promise.all(events.map(tell));
    if (clock.elapsed() - heldSinceMs > HELD_MS) return false;
    for (const step of steps) await Promise.all(step.map(write));
    return true;
  }

  // A ledger that is full gets room by what is behind this in the queue.
  async function write([key, value]: Write): Promise<void> {
    if (value === undefined) return ledger.remove(key);
    await ledger.put(key, value).catch((error: unknown) => {
      if (!(error instanceof NoRoomError)) throw error;
      log.error({ err: error }, 'the ledger of webhooks has no room: the end of a session will not be told');
      onDropped(1);
    });
  }

  // A stream may have been opened, or opened anew, since it was found to have none.
  async function forget(node: string): Promise<void> {
    missedSince.delete(node);
    await ledger.remove(nodeKey(node));
    if ((await ledger.list(`s.${node}`, 1)).length > 0) await ledger.put(nodeKey(node), '1');
  }

  // An edge that ended in good order has closed its sessions: then nothing but its name is left.
  async function close(node: string): Promise<void> {
    const open = await ledger.list(`s.${node}`, MOST_AT_ONCE);
    if (open.length === 0) return forget(node);
    const timeMs = clock.now();
    const facts = open.map(({ key }): Fact => {
      const session = key.slice(`s.${node}.`.length);
      return { kind: 'closed', session, timeMs, reason: 'edge-lost' };
    });
    // Whoever else finds it out means the same; who opened anew since, and is lost again, is not the same.
    const id = toHookId('edge-lost', ...open.flatMap(({ key, value }) => [key, value]));
    await queue.put('fact', id, JSON.stringify({ id, node, facts }));
    log.warn({ edge: node, sessions: facts.length }, 'an edge is gone: its sessions count as closed');
  }

  async function isMissing(node: string): Promise<boolean> {
    if ((await cluster.ask(node, WEBHOOK_EDGE, {})) !== undefined) {
      missedSince.delete(node);
      return false;
    }
    const sinceMs = missedSince.get(node) ?? clock.elapsed();
    missedSince.set(node, sinceMs);
    return clock.elapsed() - sinceMs >= LOST_MS;
  }

  return {
    async work() {
      const [task] = await queue.take('fact', 1);
      if (task === undefined) return;
      try {
        if (!(await fold(task, clock.elapsed())))
          return log.warn('what an edge reports to webhooks is left to another');
      } catch (error) {
        // What will never work would hold up everything behind it.
        if (error instanceof TidingsError) {
          await task.retry(AGAIN_MS);
          throw error;
        }
        log.error({ err: error }, 'what an edge reports to webhooks can not be worked out');
        onDropped(1);
      }
      await task.ack();
    },
    async sweep() {
      // Who hears nobody would take everybody for gone.
      if (!cluster.inTouch) return missedSince.clear();
      for (const { key } of await ledger.list('n', MOST_EDGES)) {
        const node = key.slice('n.'.length);
        if (await isMissing(node)) await close(node);
      }
    },
  };
}

const isOfLost = (fact: Fact): boolean => fact.kind === 'closed' && fact.reason === 'edge-lost';
