import type { Grant } from '@tidings/auth';
import { createCallerLimits, toUserKey } from '@tidings/runtime';

/** Bounds how often users write into the state that all nodes share: it has room for all of them, and not for one alone. */
export interface StateWrites {
  /** Counts one. @throws TidingsError `rate-limited`. */
  take(grant: Grant): Promise<void>;
}

const WRITES_PER_SEC = 50;
const ONE = { count: 1, bytes: 0 };

export function createStateWrites(): StateWrites {
  const limits = createCallerLimits({ user: WRITES_PER_SEC }, () => 'state-writes');
  return {
    async take({ tenant, user }) {
      await limits?.take({ user: toUserKey(tenant, user) }, ONE);
    },
  };
}
