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
}

const MOST_AT_ONCE = 500;
const AGAIN_MS = 2_000;

/**
 * Takes events on personal topics, lets them become old enough, asks all edges whether a stream of the user took them, and
 * tells of those that none did.
 * @throws TidingsError `unavailable` when not all could be asked: then it is found out later.
 */
export async function findUnreached({ queue, cluster, plan, clock, tell }: UnreachedParts): Promise<void> {
  const tasks = await queue.take('personal', MOST_AT_ONCE);
  const waitMs = plan.unreachedAfterSec * 1_000;
  const isDue = ({ ageMs }: Task): boolean => ageMs >= waitMs;
  // Given back and not waited for: it is somebody else's to decide, should this process end meanwhile.
  await Promise.all(tasks.filter((task) => !isDue(task)).map((task) => task.retry(waitMs - task.ageMs + 1)));
  const due = tasks.filter(isDue);
  if (due.length === 0) return;
  try {
    const events = due.map(({ body }) => JSON.parse(body) as PersonalEvent);
    const answers = (await cluster.askAll(REACH, { events })) as ReachAnswer[];
    const reached = new Set(answers.flatMap((answer) => answer.reached));
    const epoch = answers[0]?.epoch;
    const missed = events.filter((_, place) => !reached.has(place));
    await Promise.all(missed.map((event) => tell(toHookEvent(event, epoch, clock))));
  } catch (error) {
    await Promise.all(due.map((task) => task.retry(AGAIN_MS)));
    throw error;
  }
  await Promise.all(due.map((task) => task.ack()));
}

function toHookEvent(
  { tenant, topic, seq, timeMs }: PersonalEvent,
  epoch: string | undefined,
  clock: Clock,
): HookEvent {
  const user = decodeURIComponent(topic.slice('user.'.length));
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
