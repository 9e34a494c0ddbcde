import type { Cluster, Task, WorkQueue } from '@tidings/broker';
import { encodeCursor } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import { type PersonalEvent, REACH, type ReachAnswer, type WebhooksPlan } from '@tidings/webhooks';
import { type HookEvent, toHookId } from './hook-event.ts';

export interface UnreachedParts {
  readonly queue: Pick<WorkQueue, 'take'>;
  readonly cluster: Pick<Cluster, 'askAll'>;
  readonly plan: WebhooksPlan;
  readonly clock: Clock;
  tell(event: HookEvent): Promise<void>;
  /** Waits; ends at once when the process is to end. */
  pause(ms: number): Promise<unknown>;
}

/** Finds out which events on personal topics no stream of their user took. */
export interface UnreachedFinder {
  /**
   * Takes what has come, and asks all edges about what is old enough.
   * @throws TidingsError `unavailable` when not all could be asked: then it is found out later.
   */
  work(): Promise<void>;
  /** Gives back what is held: another process decides it. */
  close(): Promise<void>;
}

/** An event that is waited for. */
interface Held {
  readonly task: Task;
  readonly event: PersonalEvent;
  /** When it is old enough, by the clock that only goes forward. */
  readonly dueMs: number;
}

const MOST_AT_ONCE = 500;
const AGAIN_MS = 2_000;
// Events that become old enough within it are asked about together.
const GATHER_MS = 1_000;

/**
 * Holds events until each is old enough. None waits for a younger one: edges forget the streams that ended a minute after
 * it is due, and its user would count as not reached. And they are not given back meanwhile: what is given back counts
 * towards what may be out at all, and would bound how many events a second can be decided.
 */
export function createUnreachedFinder({ queue, cluster, plan, clock, tell, pause }: UnreachedParts): UnreachedFinder {
  let held: readonly Held[] = [];
  let askedMs = Number.NEGATIVE_INFINITY;

  async function take(): Promise<void> {
    const tasks = await queue.take('personal', MOST_AT_ONCE - held.length);
    const nowMs = clock.elapsed();
    const taken = tasks.map((task): Held => {
      const event = JSON.parse(task.body) as PersonalEvent;
      return { task, event, dueMs: nowMs + plan.unreachedAfterSec * 1_000 - task.ageMs };
    });
    held = [...held, ...taken];
  }

  async function decide(due: readonly Held[]): Promise<void> {
    askedMs = clock.elapsed();
    held = held.filter((one) => !due.includes(one));
    try {
      const events = due.map(({ event }) => event);
      const answers = (await cluster.askAll(REACH, { events })) as ReachAnswer[];
      const reached = new Set(answers.flatMap((answer) => answer.reached));
      const epoch = answers[0]?.epoch;
      const missed = events.filter((_, place) => !reached.has(place));
      await Promise.all(missed.map((event) => tell(toHookEvent(event, epoch, clock))));
    } catch (error) {
      await giveBack(due, AGAIN_MS);
      throw error;
    }
    await Promise.all(due.map(({ task }) => task.ack()));
  }

  return {
    async work() {
      if (held.length < MOST_AT_ONCE) await take();
      const nowMs = clock.elapsed();
      const due = held.filter(({ dueMs }) => dueMs <= nowMs);
      const isFull = held.length >= MOST_AT_ONCE;
      if (due.length > 0 && (isFull || nowMs - askedMs >= GATHER_MS)) return decide(due);
      if (isFull) await pause(Math.min(...held.map(({ dueMs }) => dueMs)) - nowMs);
    },
    async close() {
      const rest = held;
      held = [];
      await giveBack(rest, 0);
    },
  };
}

const giveBack = (held: readonly Held[], delayMs: number): Promise<unknown> =>
  Promise.all(held.map(({ task }) => task.retry(delayMs)));

function toHookEvent(
  { tenant, topic, seq, timeMs }: PersonalEvent,
  epoch: string | undefined,
  clock: Clock,
): HookEvent {
  const user = fromUserToken(topic.slice('user.'.length));
  const published = new Date(timeMs).toISOString();
  const data = { user, topic, ...(epoch !== undefined && { event: encodeCursor(epoch, seq) }), published };
  return {
    id: toHookId('unreached', tenant, topic, seq, Math.round(timeMs)),
    type: 'user.unreached',
    tenant,
    timeMs: clock.now(),
    data,
  };
}

// What `toUserToken` encodes, and nothing else: somebody may publish to a topic that it would never make.
const fromUserToken = (token: string): string =>
  token.replace(/%(2E|2A|3E|25)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
