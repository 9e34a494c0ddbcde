import type { SessionView } from '@tidings/protocol';
import { findListeners } from './listeners.ts';
import type { Session } from './session.ts';
import { isWithin, type SessionScope } from './session-scope.ts';
import type { EdgeParts } from './stream-opener.ts';

export interface SessionQuery extends SessionScope {
  /** Sessions that get what is published on this topic, by pattern too. */
  readonly topic?: string | undefined;
  /** Ids after this one, in the order of ids. */
  readonly after: string;
  readonly limit: number;
}

export interface SessionPage {
  /** By ascending id. */
  readonly sessions: readonly SessionView[];
  /** There are more after the last of these. */
  readonly more: boolean;
}

// Half of what a message between nodes may hold: the last one may be long.
const MAX_PAGE_BYTES = 400_000;

export function viewOf(session: Session, edge: EdgeParts): SessionView {
  return {
    id: session.id,
    ...(session.user !== undefined && { user: session.user }),
    topics: session.topics,
    edge: edge.cluster.id,
    since: new Date(session.sinceMs).toISOString(),
    delivered: session.delivered,
    lag: session.lagPlaces,
    cursor: session.cursor,
    bytes: session.outbox.sentBytes,
  };
}

/** The sessions of this edge that are asked for, as many as one answer holds. */
export function listSessions(query: SessionQuery, edge: EdgeParts): SessionPage {
  const { tenant, topic, after, limit } = query;
  const listeners = topic === undefined ? undefined : findListeners(tenant, topic, edge);
  const sessions: SessionView[] = [];
  let bytes = 0;
  // The ids of a node ascend as its sessions come.
  for (const session of edge.registry.list()) {
    if (session.id <= after || !isWithin(session, query)) continue;
    if (listeners?.has(session) === false) continue;
    if (sessions.length === limit || bytes > MAX_PAGE_BYTES) return { sessions, more: true };
    const view = viewOf(session, edge);
    sessions.push(view);
    bytes += Buffer.byteLength(JSON.stringify(view));
  }
  return { sessions, more: false };
}

/** One page of those of all edges: after where any of them ended early, nothing of the others may stand. */
export function mergePages(pages: readonly SessionPage[], limit: number): SessionPage {
  const ends = pages.flatMap(({ sessions, more }) => (more ? [sessions.at(-1)?.id ?? ''] : [])).sort();
  const [end] = ends;
  const all = pages.flatMap(({ sessions }) => sessions).sort((one, other) => (one.id < other.id ? -1 : 1));
  const before = end === undefined ? all : all.filter(({ id }) => id <= end);
  const sessions = before.slice(0, limit);
  return { sessions, more: end !== undefined || sessions.length < before.length };
}
