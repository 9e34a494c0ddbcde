import { toUserTopic } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Session } from './session.ts';

/** Who took events: from after `beganSeq` up to `cursorSeq`, on these topics. */
type Taker = Pick<Session, 'id' | 'tenant' | 'user' | 'topics' | 'beganSeq' | 'cursorSeq'>;

/**
 * Sessions by their users, open ones and those that have ended, for as long as it may be asked what these took. To ask costs
 * no more the more streams there are.
 */
export interface Takers {
  opened(session: Taker): void;
  closed(session: Taker): void;
  /** All whose user has this personal topic; what they follow is another matter. */
  of(tenant: string, topic: string): Iterable<Taker>;
}

// Of more that have ended the oldest are forgotten: their users may count as not reached.
const MOST = 100_000;

export function createTakers(keepMs: number, clock: Clock): Takers {
  const all = new Map<string, Set<Taker>>();
  const ended = new Map<string, { readonly taker: Taker; readonly endsMs: number }>();

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
    closed(session) {
      remove(session);
      const { id, tenant, user, topics, beganSeq, cursorSeq } = session;
      if (user !== undefined && cursorSeq > beganSeq) {
        // A session holds much more.
        const taker = { id, tenant, user, topics, beganSeq, cursorSeq };
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
