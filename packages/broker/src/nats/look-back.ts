import { createPatternTrie, isWildcard } from '@tidings/protocol';
import { type NewestOf, TOO_MANY } from './news.ts';
import { fromIndexed, toIndexed } from './subject.ts';

/** The newest message of every subject that matches and has one in the range, by stored subject; as `News`. */
export type ReadNewest = (
  storedFilters: readonly string[],
  range: { readonly after: number; readonly upTo: number },
) => Promise<ReadonlyMap<string, Pick<NewestOf, 'seq'>> | typeof TOO_MANY>;

/** Where the log begins: from there on nothing was evicted. Asked after this call. @throws while nobody can say. */
export type ReadBegin = (upTo: number) => Promise<number>;

// A request may name 1,024 subjects, and a pattern stands for many.
const TOGETHER = 250;

/**
 * For each filter a place from which on the log has nothing of it up to `upTo`: its newest message, or `after` where it has
 * none. A filter that this can't be said of is left out. So those who come back to quiet topics, thousands at once, need
 * no read of their own. Never before the log begins: what was evicted there is not in it either, and was there.
 * @param filters as the index names subjects, with wildcards.
 * @throws whatever `read` and `begin` throw.
 */
export async function lookBack(
  filters: readonly string[],
  range: { readonly after: number; readonly upTo: number },
  read: ReadNewest,
  begin: ReadBegin,
): Promise<Map<string, number>> {
  const from = new Map<string, number>();
  if (range.upTo <= range.after) return from;
  for (let at = 0; at < filters.length; at += TOGETHER) {
    const some = filters.slice(at, at + TOGETHER);
    const found = await read(some.map(fromIndexed), range);
    if (found === TOO_MANY) continue;
    const patterns = createPatternTrie<string>();
    for (const filter of some) {
      if (isWildcard(filter)) patterns.add(filter, filter);
      from.set(filter, found.get(fromIndexed(filter))?.seq ?? range.after);
    }
    for (const [subject, { seq }] of found) {
      patterns.match(toIndexed(subject), (filter) => from.set(filter, Math.max(seq, from.get(filter) ?? 0)));
    }
  }
  if (from.size === 0) return from;
  // Asked after the reads: what is still there now was there then.
  const before = (await begin(range.upTo)) - 1;
  for (const [filter, place] of from) {
    // What came after all says nothing of what was before.
    if (Math.max(place, before) > range.upTo) from.delete(filter);
    else if (place < before) from.set(filter, before);
  }
  return from;
}
