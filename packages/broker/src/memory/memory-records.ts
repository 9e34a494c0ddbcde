import { assertStateEntry, assertStateKey } from '../control-limits.ts';
import type { Records } from '../record-port.ts';

interface Kept {
  readonly value: string;
  readonly revision: number;
  readonly endsMs: number;
}

/** The records that parts of one process share. */
export interface RecordShelf {
  readonly kept: Map<string, Kept>;
  revision: number;
  sweptMs: number;
}

const SWEEP_MS = 60_000;

export const createRecordShelf = (): RecordShelf => ({ kept: new Map(), revision: 0, sweptMs: 0 });

/**
 * Records in memory, which end with the process.
 * @param assertOpen throws while the process that asks is not open.
 */
export function createMemoryRecords(shelf: RecordShelf, nowMs: () => number, assertOpen: () => void): Records {
  const { kept } = shelf;

  function find(key: string): Kept | undefined {
    const found = kept.get(key);
    return found !== undefined && nowMs() < found.endsMs ? found : undefined;
  }

  // No timer: what has ended harms nobody until the next one comes.
  function removeEnded(): void {
    if (Math.abs(nowMs() - shelf.sweptMs) < SWEEP_MS) return;
    shelf.sweptMs = nowMs();
    for (const [key, { endsMs }] of kept) if (endsMs <= nowMs()) kept.delete(key);
  }

  return {
    async get(key) {
      assertStateKey(key);
      assertOpen();
      const found = find(key);
      return { value: found?.value, revision: found?.revision ?? 0 };
    },
    async replace(key, value, ttlSec, revision) {
      assertStateEntry(key, value, ttlSec);
      assertOpen();
      if ((find(key)?.revision ?? 0) !== revision) return false;
      removeEnded();
      shelf.revision += 1;
      kept.set(key, { value, revision: shelf.revision, endsMs: nowMs() + ttlSec * 1000 });
      return true;
    },
    async remove(key) {
      assertStateKey(key);
      assertOpen();
      kept.delete(key);
    },
  };
}
