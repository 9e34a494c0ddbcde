import { takeBatch } from './batch.ts';
import { type Deliver, toFailed } from './delivery.ts';
import type { EventLine } from './event-line.ts';
import type { PublishResult } from './publisher.ts';

export interface ManyParts {
  readonly deliver: Deliver;
  readonly maxBodyBytes: number;
  readonly signals: readonly AbortSignal[];
}

// The server takes ten times as many: a request this large has its answer well within the time of one try.
const MAX_RESULTS = 1_000;
// Only what was in that request is too large.
const TOO_LARGE = 413;

/**
 * Delivers lines in requests one after the other, as `Publisher.publishMany` describes. Once one could not be delivered in
 * its time, the next would wait as long for nothing, or be stored before it: they are not tried.
 * @throws HubError when it had to stop before anything was accepted; the reason of a signal that is aborted.
 */
export async function deliverMany(
  lines: readonly EventLine[],
  { deliver, maxBodyBytes, signals }: ManyParts,
): Promise<PublishResult[]> {
  const limits = { maxBytes: maxBodyBytes, maxResults: MAX_RESULTS };
  const all: PublishResult[] = [];
  for (let at = 0; at < lines.length; ) {
    const batch = takeBatch(lines, at, limits);
    at += batch.length;
    const { results, stopped } = await deliver(batch, { signals });
    all.push(...results);
    if (stopped === undefined || stopped.status === TOO_LARGE) continue;
    if (all.every(({ status }) => status === 'failed')) throw stopped;
    return [...all, ...lines.slice(at).flatMap((line) => toFailed(line, stopped))];
  }
  return all;
}
