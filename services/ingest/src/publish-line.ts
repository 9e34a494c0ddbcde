import type { ServiceContext } from '@tidings/runtime';
import type { PublishResult } from './publish.ts';

/**
 * Names what a request stored in its line of the log: from the cursor of an event one finds who published it, and its trace.
 * Of several the first and the last place, between which the others are.
 */
export function noteEvents(context: ServiceContext, results: readonly PublishResult[]): void {
  const [only] = results;
  if (results.length === 1) {
    if (only?.id !== undefined) context.set('lineDetail', { event: only.id });
    return;
  }
  let events = 0;
  let first: string | undefined;
  let last: string | undefined;
  for (const { id } of results) {
    if (id === undefined) continue;
    events += 1;
    if (first === undefined || isBefore(id, first)) first = id;
    if (last === undefined || isBefore(last, id)) last = id;
  }
  if (events > 0) context.set('lineDetail', { events, firstEvent: first, lastEvent: last });
}

// Cursors of one log sort by a number of theirs (ADR 0020): what is shorter is less.
const isBefore = (one: string, other: string): boolean =>
  one.length === other.length ? one < other : one.length < other.length;
