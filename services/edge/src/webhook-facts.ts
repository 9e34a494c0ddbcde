import type { Cluster } from '@tidings/broker';
import { covers } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import {
  areSessionsWanted,
  type Fact,
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
  /** What was published on these topics before is written to it; then they are added. */
  replaying(session: Session, patterns: readonly string[]): void;
  /** Its topics are others now. */
  changed(session: Session, before: readonly string[]): void;
  closed(session: Session): void;
}

export interface WebhookFactsParts {
  readonly plan: WebhooksPlan;
  readonly reporter: Omit<FactReporter, 'close'>;
  /** Not open yet. */
  readonly cluster: Cluster;
  readonly registry: Pick<SessionRegistry, 'list'>;
  readonly feed: Pick<Feed, 'epoch' | 'position'>;
  readonly clock: Clock;
}

// Two facts of each: a tenth of what a reporter keeps.
const MOST_AT_ONCE = 2_500;

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

  const openingOf = ({ id, tenant, user, topics }: Session): Fact => {
    return { kind: 'opened', session: id, timeMs: clock.now(), tenant, user, topics };
  };

  const changeOf = ({ id, topics }: Session): Fact => {
    return { kind: 'changed', session: id, timeMs: clock.now(), topics };
  };

  function isReached({ tenant, topic, seq, exclude }: PersonalEvent): boolean {
    for (const taker of takers.of(tenant, topic)) {
      const { id, topics, beganSeq, cursorSeq } = taker;
      const isWritten = beganSeq < seq && seq <= cursorSeq && exclude !== id;
      const isItsOwn = (pattern: string): boolean => {
        const after = takers.addedAfter(taker, pattern);
        return covers(pattern, topic) && (after?.epoch !== feed.epoch || after.position < seq);
      };
      if (isWritten && topics.some(isItsOwn)) return true;
    }
    return false;
  }

  // In pieces, or an edge with very many streams would have no room for all. The return itself does not wait for it.
  async function reportAll({ withChanges }: { withChanges: boolean }): Promise<void> {
    for (const [place, session] of registry.list().entries()) {
      if (place % MOST_AT_ONCE === 0) await reporter.idle();
      if (session.closed || !areSessionsWanted(plan, session.tenant)) continue;
      reporter.again(openingOf(session));
      // Of one that is known as open only this counts.
      if (withChanges) reporter.again(changeOf(session));
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
  cluster.onReturn(async () => void reportAll({ withChanges: false }));
  // The beginning of a stream, or a change of its topics, may have found no room.
  reporter.onCaughtUp(() => void reportAll({ withChanges: true }));

  return {
    opened(session) {
      takers.opened(session);
      if (areSessionsWanted(plan, session.tenant)) reporter.note(openingOf(session));
    },
    replaying: takers.replaying,
    changed(session, before) {
      takers.changed(session, before, feed);
      if (areSessionsWanted(plan, session.tenant)) reporter.note(changeOf(session));
    },
    closed(session) {
      takers.closed(session);
      if (!areSessionsWanted(plan, session.tenant)) return;
      const reason = session.goodbye ?? 'gone';
      reporter.note({ kind: 'closed', session: session.id, timeMs: clock.now(), reason });
    },
  };
}
