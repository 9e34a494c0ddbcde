/**
 * How many reads of history may be open at once: each holds about two pages of it, as messages and as frames, and
 * thousands of streams that catch up together would otherwise hold that many.
 */
export interface ReadBudget {
  /** Somebody waits: whoever has a place should give it back with what it reads now, and come again. */
  readonly contended: boolean;
  /** Resolves with the way to give the place back, first come, first served. Rejects with the reason of the signal. */
  enter(signal: AbortSignal): Promise<() => void>;
}

/** What one read weighs, in bytes: a page as it came, and encoded. */
export const READ_BYTES = 2_097_152;

/** @param maxBytes what all reads may hold together; one at least is let in. */
export function createReadBudget(maxBytes: number): ReadBudget {
  const waiting = new Set<() => void>();
  let free = Math.max(1, Math.floor(maxBytes / READ_BYTES));

  function leave(): void {
    free += 1;
    const [next] = waiting;
    next?.();
  }

  // Each place is given back once, whoever asks how often.
  function take(): () => void {
    free -= 1;
    let held = true;
    return () => {
      if (held) leave();
      held = false;
    };
  }

  return {
    get contended() {
      return waiting.size > 0;
    },
    enter(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (free > 0 && waiting.size === 0) return resolve(take());
        const stop = (): void => {
          waiting.delete(go);
          reject(signal.reason);
        };
        const go = (): void => {
          waiting.delete(go);
          signal.removeEventListener('abort', stop);
          resolve(take());
        };
        waiting.add(go);
        signal.addEventListener('abort', stop, { once: true });
      });
    },
  };
}
