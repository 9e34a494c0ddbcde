import type { Lane } from '../work-port.ts';
import type { StreamConfig } from './jetstream-api.ts';
import type { StreamPlan } from './stream-config.ts';
import { STREAM } from './subject.ts';

/** What waits to be done: facts that edges report, and what is to be delivered. */
export const WORK = 'HOOKS';
export const LEDGER = 'HOOKS_OPEN';
export const DEAD = 'HOOKS_DEAD';

/** Tasks of a lane beyond which nothing more is taken. */
const MOST_WAITING = 100_000;
const DAY_NANOSECONDS = 86_400_000_000_000;
const SECOND_NANOSECONDS = 1_000_000_000;
const MAX_MESSAGE_BYTES = 1_048_576;

/** The three streams of webhooks as they are to be (ADR 0031). */
export const WORK_PLANS: readonly StreamPlan[] = [
  {
    name: WORK,
    toConfig: (replicas) => ({
      ...limitsOf(WORK, ['hook.fact', 'hook.job.*'], replicas),
      retention: 'workqueue',
      // Full means that nothing more is taken: whoever puts keeps it and counts what it has to drop.
      discard: 'new',
      // Of each lane: one receiver that is down would else take up the room of all.
      max_msgs_per_subject: MOST_WAITING,
      discard_new_per_subject: true,
      // Longer than anything is tried for, so that what fails is put among the dead and does not just end.
      max_age: 3 * DAY_NANOSECONDS,
      max_bytes: 268_435_456,
    }),
  },
  {
    name: LEDGER,
    toConfig: (replicas) => ({
      ...limitsOf(LEDGER, ['hook.open.>'], replicas),
      discard: 'new',
      max_msgs_per_subject: 1,
      max_bytes: 268_435_456,
    }),
  },
  {
    name: DEAD,
    toConfig: (replicas) => ({
      ...limitsOf(DEAD, ['hook.dead.>'], replicas),
      max_msgs_per_subject: 1,
      max_age: 14 * DAY_NANOSECONDS,
      max_bytes: 67_108_864,
    }),
  },
];

function limitsOf(name: string, subjects: readonly string[], replicas: number): StreamConfig {
  return {
    name,
    subjects,
    retention: 'limits',
    storage: 'file',
    num_replicas: replicas,
    discard: 'old',
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_age: 0,
    max_msg_size: MAX_MESSAGE_BYTES,
    max_consumers: -1,
    duplicate_window: 120 * SECOND_NANOSECONDS,
    allow_rollup_hdrs: false,
    deny_delete: true,
    compression: 'none',
  };
}

/** The consumer of a lane: durable, so that work is shared by all who take, and nobody's end loses any. */
export interface LaneConsumer {
  readonly stream: string;
  readonly name: string;
  readonly filter: string;
  /** Tasks that all who take may hold together. */
  readonly mostHeld: number;
  readonly config: object;
}

export const subjectOfLane = (lane: Lane): string =>
  lane === 'fact' ? 'hook.fact' : `hook.job.${lane.slice('job:'.length)}`;

/** @param personalLeaseMs how long somebody may hold an event on a personal topic. */
export function consumerOf(lane: Lane, personalLeaseMs: number): LaneConsumer {
  if (lane === 'personal') {
    return toConsumer(
      STREAM,
      'hooks-personal',
      'evt.0.*.user.*',
      {
        deliver_policy: 'new',
        headers_only: true,
        ack_wait: personalLeaseMs * 1_000_000,
      },
      5_000,
    );
  }
  const filter = subjectOfLane(lane);
  const common = { deliver_policy: 'all', ack_wait: 60 * SECOND_NANOSECONDS };
  // One at a time among all who take: what an edge reports counts in its order.
  if (lane === 'fact') return toConsumer(WORK, 'fact', filter, common, 1);
  return toConsumer(WORK, `job-${lane.slice('job:'.length)}`, filter, common, 1_000);
}

function toConsumer(stream: string, name: string, filter: string, config: object, mostHeld: number): LaneConsumer {
  const own = { name, durable_name: name, filter_subject: filter, ack_policy: 'explicit' };
  return { stream, name, filter, mostHeld, config: { ...config, ...own, max_deliver: -1, max_ack_pending: mostHeld } };
}
