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
  let sweptMs = 0;

  // Insertion order is time order, so the oldest stand first. Not at every call: a walk from the start of a map passes
  // over everything that it has deleted.
  function forget(nowMs: number): void {
    if (Math.abs(nowMs - sweptMs) < SWEEP_MS) return;
    sweptMs = nowMs;
    for (const [key, { atMs }] of seen) {
      if (nowMs - atMs < windowMs) return;
      seen.delete(key);
    }
  }

  return {
    find(key, nowMs) {
      const found = seen.get(key);
      return found !== undefined && nowMs - found.atMs < windowMs ? found.seq : undefined;
    },
    remember(key, seq, nowMs) {
      forget(nowMs);
      // A key that is set again keeps its old place in the order unless it is taken out first.
      seen.delete(key);
      seen.set(key, { seq, atMs: nowMs });
    },
  };
}

const SWEEP_MS = 1_000;
