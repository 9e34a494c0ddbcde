import type { Selection } from '@tidings/broker';
import { toMatcher } from '@tidings/protocol';
import type { Item } from './item.ts';

/**
 * What was erased of late: a page that was read before an erasure, and waits for its client to make room, may hold what
 * nobody may be given any more (contract section 7).
 */
export interface RecentErasures {
  /** How many there were. Whoever reads notes it before, and asks with it afterwards. */
  readonly count: number;
  add(selection: Selection, through: number): void;
  /**
   * Whether an item may have been erased since there were `count`, so that it has to be read anew. Never `false` for one
   * that was; `true` for another only when there were more since than are remembered.
   */
  mayHide(item: Item, count: number): boolean;
}

// Each is a matcher of a pattern or two; hundreds while one page waits are beyond anybody's need.
const REMEMBERED = 256;

export function createRecentErasures(): RecentErasures {
  let recent: ((item: Item) => boolean)[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    add({ tenant, patterns }, through) {
      const matches = toMatcher(patterns);
      const hides = (item: Item): boolean => item.seq <= through && item.tenant === tenant && matches(item.topic);
      recent = [...recent.slice(1 - REMEMBERED), hides];
      count += 1;
    },
    mayHide(item, since) {
      if (since === count) return false;
      const missed = count - since;
      return missed > recent.length || recent.slice(-missed).some((hides) => hides(item));
    },
  };
}
