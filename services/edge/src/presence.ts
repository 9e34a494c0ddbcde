import { toMatcher } from '@tidings/protocol';
import type { EdgeParts } from './stream-opener.ts';

export interface PresenceQuery {
  readonly tenant: string;
  readonly topic: string;
  /** The most users that are named. */
  readonly limit: number;
}

/** Who listens to a topic (contract section 8). */
export interface Presence {
  /** Streams, those by pattern included. */
  readonly subscribers: number;
  /** Their users, each once, in order; no more than were asked for. */
  readonly users: readonly string[];
  /** There are users that are not named. */
  readonly more: boolean;
}

// What a message between nodes may hold, and half of it to spare.
const MAX_USERS_BYTES = 400_000;

/** Who of this edge would get what is published on the topic. */
export function findPresence({ tenant, topic, limit }: PresenceQuery, edge: EdgeParts): Presence {
  // The router knows those that are live without looking at the others.
  const found = new Set(edge.router.subscribersOf(tenant, topic));
  for (const session of edge.registry.list()) {
    if (!session.live && session.tenant === tenant && toMatcher(session.topics)(topic)) found.add(session);
  }
  const users = new Set([...found].flatMap(({ user }) => user ?? []));
  return { subscribers: found.size, ...firstOf(users, limit) };
}

/** The presence on all edges. */
export function mergePresence(parts: readonly Presence[], limit: number): Presence {
  const users = new Set(parts.flatMap((part) => part.users));
  const { more, ...named } = firstOf(users, limit);
  return {
    subscribers: parts.reduce((sum, { subscribers }) => sum + subscribers, 0),
    ...named,
    more: more || parts.some((part) => part.more),
  };
}

function firstOf(users: ReadonlySet<string>, limit: number): { users: string[]; more: boolean } {
  const first = [...users].sort().slice(0, limit);
  let bytes = 0;
  const fitting = first.findIndex((user) => {
    bytes += Buffer.byteLength(JSON.stringify(user)) + 1;
    return bytes > MAX_USERS_BYTES;
  });
  const named = fitting === -1 ? first : first.slice(0, fitting);
  return { users: named, more: named.length < users.size };
}
