import { covers, isWildcard } from '@tidings/protocol';
import type { Session } from './session.ts';
import type { EdgeParts } from './stream-opener.ts';

/**
 * The sessions of this edge that get what is published on a topic, by pattern too.
 *
 * Cost: the router knows those that are live without looking at the others; of the rest each topic is compared. Nothing is
 * built for a session: with 100,000 of them that would hold up every stream for seconds.
 */
export function findListeners(
  tenant: string,
  topic: string,
  { router, registry }: Pick<EdgeParts, 'router' | 'registry'>,
): ReadonlySet<Session> {
  const found = new Set(router.subscribersOf(tenant, topic));
  for (const session of registry.list()) {
    if (!session.live && session.tenant === tenant && isAmong(session.topics, topic)) found.add(session);
  }
  return found;
}

const isAmong = (patterns: readonly string[], topic: string): boolean =>
  patterns.some((pattern) => pattern === topic || (isWildcard(pattern) && covers(pattern, topic)));
