import type { Grant } from '@tidings/auth';
import { createRate, rateLimited, toUserKey } from '@tidings/runtime';

/** Bounds how often users write into the state that all nodes share: it has room for all of them, and not for one alone. */
export interface StateWrites {
  /** Counts one. @throws TidingsError `rate-limited`. */
  take(grant: Grant): Promise<void>;
}

const WRITES_PER_SEC = 50;

export function createStateWrites(): StateWrites {
  const rate = createRate('state-writes', WRITES_PER_SEC);
  return {
    async take({ tenant, user }) {
      const key = toUserKey(tenant, user);
      const standing = await rate.standing(key);
      if (standing.left === 0) throw rateLimited(standing, [standing]);
      await rate.take(key, 1);
    },
  };
}
