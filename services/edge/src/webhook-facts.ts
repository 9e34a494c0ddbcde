import type { Cluster } from '@tidings/broker';
import { covers, toUserToken } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import {
  areSessionsWanted,
  type FactReporter,
  type PersonalEvent,
  REACH,
  type ReachAnswer,
  type ReachQuestion,
  WEBHOOK_EDGE,
  type WebhooksPlan,
} from '@tidings/webhooks';
import type { Feed } from './feed.ts';
import { createRecentTakers, type Taker } from './recent-takers.ts';
import type { Session } from './session.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Reports to webhooks what becomes of sessions. An edge without webhooks has none, and does nothing for them. */
export interface WebhookFacts {
  opened(session: Session): void;
  /** Its topics are others now. */
  changed(session: Session): void;
  closed(session: Session): void;
}

export interface WebhookFactsParts {
  readonly plan: WebhooksPlan;
  readonly reporter: Pick<FactReporter, 'note'>;
  /** Not open yet. */
  readonly cluster: Cluster;
  readonly registry: Pick<SessionRegistry, 'list'>;
  readonly feed: Pick<Feed, 'epoch'>;
  readonly clock: Clock;
}

export function createWebhookFacts({
  plan,
  reporter,
  cluster,
  registry,
  feed,
  clock,
}: WebhookFactsParts): WebhookFacts {
  // As long as anybody may ask, and as an answer may be late.
  const takers = createRecentTakers((plan.unreachedAfterSec + 60) * 1_000, clock);

  function opened({ id, tenant, user, topics }: Session): void {
    if (!areSessionsWanted(plan, tenant)) return;
    reporter.note({ kind: 'opened', session: id, timeMs: clock.now(), tenant, user, topics });
  }

  function findReached(events: readonly PersonalEvent[]): number[] {
    const wanted = new Map<string, number[]>();
    for (const [place, { tenant, topic }] of events.entries()) {
      const key = `${tenant} ${topic}`;
      const places = wanted.get(key);
      if (places === undefined) wanted.set(key, [place]);
      else places.push(place);
    }
    const reached = new Set<number>();
    const look = (taker: Taker): void => {
      const topic = personalTopicOf(taker.user);
      for (const place of (topic && wanted.get(`${taker.tenant} ${topic}`)) || []) {
        const { seq, exclude } = events[place] as PersonalEvent;
        const isWritten = taker.beganSeq < seq && seq <= taker.cursorSeq && exclude !== taker.id;
        if (isWritten && taker.topics.some((pattern) => covers(pattern, topic as string))) reached.add(place);
      }
    };
    for (const session of registry.list()) look(session);
    takers.forEach(look);
    return [...reached];
  }

  cluster.answer(WEBHOOK_EDGE, () => true);
  cluster.answer(REACH, (question): ReachAnswer => {
    const { events } = question as ReachQuestion;
    return { epoch: feed.epoch, reached: findReached(events) };
  });
  // The others may have given this edge up, and told that its streams ended.
  cluster.onReturn(async () => {
    for (const session of registry.list()) opened(session);
  });

  return {
    opened,
    changed({ id, tenant, topics }) {
      if (!areSessionsWanted(plan, tenant)) return;
      reporter.note({ kind: 'changed', session: id, timeMs: clock.now(), topics });
    },
    closed(session) {
      takers.remember(session);
      if (!areSessionsWanted(plan, session.tenant)) return;
      const reason = session.goodbye ?? 'gone';
      reporter.note({ kind: 'closed', session: session.id, timeMs: clock.now(), reason });
    },
  };
}

// Of an id with white space there is no topic.
function personalTopicOf(user: string | undefined): string | undefined {
  try {
    return user === undefined ? undefined : `user.${toUserToken(user)}`;
  } catch {
    return undefined;
  }
}
