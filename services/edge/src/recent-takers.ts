import type { Clock } from '@tidings/runtime';
import type { Session } from './session.ts';

/** Who took events: from after `beganSeq` up to `cursorSeq`, on these topics. */
export type Taker = Pick<Session, 'id' | 'tenant' | 'user' | 'topics' | 'beganSeq' | 'cursorSeq'>;

/** Remembers sessions that have ended, for as long as it may be asked what they took. */
export interface RecentTakers {
  remember(session: Taker): void;
  forEach(look: (taker: Taker) => void): void;
}

// Of more the oldest are forgotten: their users may count as not reached.
const MOST = 100_000;

export function createRecentTakers(keepMs: number, clock: Clock): RecentTakers {
  const ended = new Map<string, { readonly taker: Taker; readonly endsMs: number }>();

  // The oldest stand first.
  function forget(): void {
    const nowMs = clock.elapsed();
    for (const [id, { endsMs }] of ended) {
      if (endsMs > nowMs && ended.size <= MOST) return;
      ended.delete(id);
    }
  }

  return {
    remember({ id, tenant, user, topics, beganSeq, cursorSeq }) {
      if (user !== undefined && cursorSeq > beganSeq) {
        const taker = { id, tenant, user, topics, beganSeq, cursorSeq };
        ended.set(id, { taker, endsMs: clock.elapsed() + keepMs });
      }
      forget();
    },
    forEach(look) {
      forget();
      for (const { taker } of ended.values()) look(taker);
    },
  };
}
