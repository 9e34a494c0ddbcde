import { toUserTopic } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Feed } from './feed.ts';
import type { Session } from './session.ts';

/** Who took events: from after `beganSeq` up to `cursorSeq`, on these topics. */
type Taker = Pick<Session, 'id' | 'tenant' | 'user' | 'topics' | 'beganSeq' | 'cursorSeq'>;

/** Of the log that an edge is fed from, which may be another one tomorrow. */
type Place = Pick<Feed, 'epoch' | 'position'>;

/**
 * Sessions by their users, open ones and those that have ended, for as long as it may be asked what these took. To ask costs
 * no more the more streams there are.
 */
export interface Takers {
  opened(session: Taker): void;
  /** What was published on these topics before is written to it; then they are added. */
  replaying(session: Taker, patterns: readonly string[]): void;
  /** Its topics are others now. @param head what comes after it on those that it got is for it to have. */
  changed(session: Taker, before: readonly string[], head: Place): void;
  closed(session: Taker): void;
  /** All whose user has this personal topic; what they follow is another matter. */
  of(tenant: string, topic: string): Iterable<Taker>;
  /** After which place one of its topics counts: `undefined`, all of it, unless it was added later, and without a replay. */
  addedAfter(taker: Taker, pattern: string): Place | undefined;
}

// Of more that have ended the oldest are forgotten: their users may count as not reached.
const MOST = 100_000;

export function createTakers(keepMs: number, clock: Clock): Takers {
  const all = new Map<string, Set<Taker>>();
  const ended = new Map<string, { readonly taker: Taker; readonly endsMs: number }>();

  /** Of the few whose topics changed. */
  const added = new WeakMap<Taker, Map<string, Place | undefined>>();

  function addedOf(taker: Taker): Map<string, Place | undefined> {
    const own = added.get(taker) ?? new Map<string, Place | undefined>();
    added.set(taker, own);
    return own;
  }

  function add(taker: Taker): void {
    const key = keyOf(taker);
    if (key === undefined) return;
    const own = all.get(key) ?? new Set();
    all.set(key, own.add(taker));
  }

  function remove(taker: Taker): void {
    const key = keyOf(taker);
    const own = key === undefined ? undefined : all.get(key);
    if (own?.delete(taker) && own.size === 0) all.delete(key as string);
  }

  // The oldest stand first.
  function forget(): void {
    const nowMs = clock.elapsed();
    for (const [id, { taker, endsMs }] of ended) {
      if (endsMs > nowMs && ended.size <= MOST) return;
      ended.delete(id);
      remove(taker);
    }
  }

  return {
    opened: add,
    replaying(session, patterns) {
      const own = addedOf(session);
      for (const pattern of patterns) own.set(pattern, undefined);
    },
    changed(session, before, { epoch, position }) {
      const own = addedOf(session);
      for (const pattern of session.topics) {
        if (!before.includes(pattern) && !own.has(pattern)) own.set(pattern, { epoch, position });
      }
      for (const pattern of own.keys()) if (!session.topics.includes(pattern)) own.delete(pattern);
    },
    addedAfter: (taker, pattern) => added.get(taker)?.get(pattern),
    closed(session) {
      remove(session);
      const { id, tenant, user, topics, beganSeq, cursorSeq } = session;
      if (user !== undefined && cursorSeq > beganSeq) {
        // A session holds much more.
        const taker = { id, tenant, user, topics, beganSeq, cursorSeq };
        const own = added.get(session);
        if (own !== undefined) added.set(taker, own);
        ended.set(id, { taker, endsMs: clock.elapsed() + keepMs });
        add(taker);
      }
      forget();
    },
    of(tenant, topic) {
      forget();
      return all.get(`${tenant} ${topic}`) ?? [];
    },
  };
}

// Of an id with white space there is no topic.
function keyOf({ tenant, user }: Taker): string | undefined {
  try {
    return user === undefined ? undefined : `${tenant} ${toUserTopic(user)}`;
  } catch {
    return undefined;
  }
}
