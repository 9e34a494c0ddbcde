import { findListeners } from './listeners.ts';
import type { Session } from './session.ts';
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
  const found = findListeners(tenant, topic, edge);
  const names = namesOf(found);
  return { subscribers: found.size, ...firstOf(names, limit) };
}

function* namesOf(sessions: Iterable<Session>): Generator<string> {
  for (const { user } of sessions) if (user !== undefined) yield user;
}

/** The presence on all edges. */
export function mergePresence(parts: readonly Presence[], limit: number): Presence {
  const { more, ...named } = firstOf(
    parts.flatMap((part) => part.users),
    limit,
  );
  return {
    subscribers: parts.reduce((sum, { subscribers }) => sum + subscribers, 0),
    ...named,
    more: more || parts.some((part) => part.more),
  };
}

// Each user once, the first in order. Sorting all of a large audience would hold up every stream: of many no more than twice
// as many are kept as are wanted, and who comes after the last of these is passed over.
function firstOf(users: Iterable<string>, limit: number): { users: string[]; more: boolean } {
  let kept = new Set<string>();
  let last: string | undefined;
  let more = false;
  for (const user of users) {
    if (last !== undefined && user > last) {
      more = true;
      continue;
    }
    kept.add(user);
    if (kept.size < 2 * limit + 1) continue;
    const first = [...kept].sort().slice(0, limit);
    kept = new Set(first);
    last = first.at(-1) ?? '';
    more = true;
  }
  const named = fitting([...kept].sort().slice(0, limit));
  return { users: named, more: more || named.length < kept.size };
}

function fitting(users: string[]): string[] {
  let bytes = 0;
  const end = users.findIndex((user) => {
    bytes += Buffer.byteLength(JSON.stringify(user)) + 1;
    return bytes > MAX_USERS_BYTES;
  });
  return end === -1 ? users : users.slice(0, end);
}
