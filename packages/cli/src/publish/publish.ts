import type { EventToPublish, HubError, PublishResult } from '@tidings/sdk/publisher';
import { CommandError } from '../command-error.ts';
import { exitCodeOf } from '../hub-failure.ts';
import type { SourcedEvent } from './event-source.ts';
import { toCount } from './progress.ts';
import type { EventSink } from './sink.ts';

/** Who is told what becomes of events. */
export interface PublishReader {
  result(result: PublishResult, line: number | undefined): void;
  /** Those that were handed over together are done. */
  progress(published: number): void;
}

/**
 * Publishes events in order. One that the hub does not want is told and passed over; when it wants none of those that go
 * together, or can't take them now, there is no use in going on.
 * @returns the cursor of the last event that was stored, or the id of its schedule.
 * @throws CommandError at the end when one was not published, HubError when the hub could not be asked.
 */
export async function publishAll(
  batches: AsyncIterable<readonly SourcedEvent[]>,
  sink: EventSink,
  reader: PublishReader,
): Promise<string | undefined> {
  let published = 0;
  let failed = 0;
  let cursor: string | undefined;
  let first: HubError | undefined;
  for await (const batch of inRequests(batches)) {
    const results = await sink.publishMany(batch.map(({ event }) => event as EventToPublish));
    const errors = results.flatMap((result) => (result.status === 'failed' ? result.error : []));
    for (const result of results) {
      reader.result(result, batch[result.index]?.line);
      if (result.status !== 'failed') cursor = result.id ?? result.schedule?.id ?? cursor;
    }
    failed += errors.length;
    published += results.length - errors.length;
    first ??= errors[0];
    reader.progress(published);
    if (errors.length === results.length || errors.some(willPass)) break;
  }
  if (first === undefined) return cursor;
  // Alone it is told as any other request.
  if (failed + published === 1) throw first;
  const said = `${first.code}: ${first.message}`;
  throw new CommandError(`events refused: ${toCount(failed)}, the first: ${said}`, exitCodeOf(first), first);
}

// A hub gives so many to its broker all at once: should that be away, it is so for all of them, and their order stays.
const MOST_TOGETHER = 250;

async function* inRequests(batches: AsyncIterable<readonly SourcedEvent[]>): AsyncGenerator<readonly SourcedEvent[]> {
  for await (const batch of batches) {
    for (let first = 0; first < batch.length; first += MOST_TOGETHER) {
      yield batch.slice(first, first + MOST_TOGETHER);
    }
  }
}

const willPass = ({ status = 0 }: HubError): boolean => status === 0 || status === 429 || status >= 500;
