import type { Cluster } from '@tidings/broker';
import { covers } from '@tidings/protocol';
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
import type { Session } from './session.ts';
import type { SessionRegistry } from './session-registry.ts';
import { createTakers } from './takers.ts';

/** Reports to webhooks what becomes of sessions. An edge without webhooks has none, and does nothing for them. */
export interface WebhookFacts {
  opened(session: Session): void;
  /** Its topics are others now. */
  changed(session: Session): void;
  closed(session: Session): void;
}

export interface WebhookFactsParts {
  readonly plan: WebhooksPlan;
  readonly reporter: Pick<FactReporter, 'note' | 'idle'>;
  /** Not open yet. */
  readonly cluster: Cluster;
  readonly registry: Pick<SessionRegistry, 'list'>;
  readonly feed: Pick<Feed, 'epoch'>;
  readonly clock: Clock;
}

// A tenth of what a reporter keeps.
const MOST_AT_ONCE = 5_000;

export function createWebhookFacts({
  plan,
  reporter,
  cluster,
  registry,
  feed,
  clock,
}: WebhookFactsParts): WebhookFacts {
  // As long as anybody may ask, and as an answer may be late.
  const takers = createTakers((plan.unreachedAfterSec + 60) * 1_000, clock);

  function report({ id, tenant, user, topics }: Session): void {
    if (!areSessionsWanted(plan, tenant)) return;
    reporter.note({ kind: 'opened', session: id, timeMs: clock.now(), tenant, user, topics });
  }

  function isReached({ tenant, topic, seq, exclude }: PersonalEvent): boolean {
    for (const { id, topics, beganSeq, cursorSeq } of takers.of(tenant, topic)) {
      const isWritten = beganSeq < seq && seq <= cursorSeq && exclude !== id;
      if (isWritten && topics.some((pattern) => covers(pattern, topic))) return true;
    }
    return false;
  }

  // In pieces, or an edge with very many streams would have to drop some. The return itself does not wait for it.
  async function reportAll(): Promise<void> {
    for (const [place, session] of registry.list().entries()) {
      if (place % MOST_AT_ONCE === MOST_AT_ONCE - 1) await reporter.idle();
      if (!session.closed) report(session);
    }
  }

  cluster.answer(WEBHOOK_EDGE, () => true);
  cluster.answer(REACH, (question): ReachAnswer => {
    const { events } = question as ReachQuestion;
    return {
      epoch: feed.epoch,
      reached: [...events.keys()].filter((place) => isReached(events[place] as PersonalEvent)),
    };
  });
  // The others may have given this edge up, and told that its streams ended.
  cluster.onReturn(async () => void reportAll());

  return {
    opened(session) {
      takers.opened(session);
      report(session);
    },
    changed({ id, tenant, topics }) {
      if (!areSessionsWanted(plan, tenant)) return;
      reporter.note({ kind: 'changed', session: id, timeMs: clock.now(), topics });
    },
    closed(session) {
      takers.closed(session);
      if (!areSessionsWanted(plan, session.tenant)) return;
      const reason = session.goodbye ?? 'gone';
      reporter.note({ kind: 'closed', session: session.id, timeMs: clock.now(), reason });
    },
  };
}
