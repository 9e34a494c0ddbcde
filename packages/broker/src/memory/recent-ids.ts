/** Remembers where an idempotency key was stored, for as long as the window lasts. */
export interface RecentIds {
  /** Place of the first event with this key, if it is still within the window. */
  find(key: string, nowMs: number): number | undefined;
  remember(key: string, seq: number, nowMs: number): void;
}

/**
 * Memory is bounded by time alone: a cap on entries would break the promise that a retry within the window is stored
 * once. At 10,000 keyed events a second a window of two minutes holds 1.2 million keys.
 */
export function createRecentIds(windowMs: number): RecentIds {
  const seen = new Map<string, { seq: number; atMs: number }>();

  // Insertion order is time order, so the oldest stand first.
  function forget(nowMs: number): void {
    for (const [key, { atMs }] of seen) {
      if (nowMs - atMs < windowMs) return;
      seen.delete(key);
    }
  }

  return {
    find(key, nowMs) {
      forget(nowMs);
      return seen.get(key)?.seq;
    },
    remember: (key, seq, nowMs) => void seen.set(key, { seq, atMs: nowMs }),
  };
}
