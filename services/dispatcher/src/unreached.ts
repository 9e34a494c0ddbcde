import type { Cluster, WorkQueue } from '@tidings/broker';
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
  /** Waits; answers `false` at once when the process is to end. */
  pause(ms: number): Promise<boolean>;
}

const MOST_AT_ONCE = 500;
const AGAIN_MS = 2_000;

/**
 * Takes events on personal topics, waits until they are old enough, asks all edges whether a stream of the user took them, and
 * tells of those that none did. They are held meanwhile, and not given back: what is given back counts towards what may
 * be out at all, and would bound how many events a second can be decided.
 * @throws TidingsError `unavailable` when not all could be asked: then it is found out later.
 */
export async function findUnreached({ queue, cluster, plan, clock, tell, pause }: UnreachedParts): Promise<void> {
  const tasks = await queue.take('personal', MOST_AT_ONCE);
  if (tasks.length === 0) return;
  const giveBack = (delayMs: number): Promise<unknown> => Promise.all(tasks.map((task) => task.retry(delayMs)));
  const youngestMs = Math.min(...tasks.map(({ ageMs }) => ageMs));
  const isTime = await pause(Math.max(0, plan.unreachedAfterSec * 1_000 - youngestMs));
  if (!isTime) return void (await giveBack(0));
  try {
    const events = tasks.map(({ body }) => JSON.parse(body) as PersonalEvent);
    const answers = (await cluster.askAll(REACH, { events })) as ReachAnswer[];
    const reached = new Set(answers.flatMap((answer) => answer.reached));
    const epoch = answers[0]?.epoch;
    const missed = events.filter((_, place) => !reached.has(place));
    await Promise.all(missed.map((event) => tell(toHookEvent(event, epoch, clock))));
  } catch (error) {
    await giveBack(AGAIN_MS);
    throw error;
  }
  await Promise.all(tasks.map((task) => task.ack()));
}

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
