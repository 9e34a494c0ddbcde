import type { Explanation, SessionExplanation } from '@tidings/protocol/client';
import { toVisibleText } from '../visible-json.ts';

/**
 * The same, where what others chose reads as what it is: publishers the topic, the name and whom they exclude, clients their topics
 * and the cursor that they came with, which may be any text.
 */
export function toVisibleExplanation(explanation: Explanation): Explanation {
  const { event, sessions } = explanation;
  return {
    ...explanation,
    event: {
      ...event,
      ...(event.topic !== undefined && { topic: toVisibleText(event.topic) }),
      ...(event.event !== undefined && { event: toVisibleText(event.event) }),
      ...(event.exclude !== undefined && { exclude: toVisibleText(event.exclude) }),
    },
    sessions: sessions.map(toVisibleSession),
  };
}

const toVisibleSession = (session: SessionExplanation): SessionExplanation => ({
  ...session,
  topics: session.topics.map(toVisibleText),
  ...(session.matched !== undefined && { matched: session.matched.map(toVisibleText) }),
  ...(session.resumedFrom !== undefined && { resumedFrom: toVisibleText(session.resumedFrom) }),
});
