import { MAX_BATCH_EVENTS } from '@tidings/protocol';
import type { HubError } from '@tidings/sdk/subscriber';
import { CommandError } from '../command-error.ts';
import { exitCodeOf } from '../hub-failure.ts';
import type { OutgoingEvent, SourcedEvent } from './event-source.ts';
import { toCount } from './progress.ts';

/** What became of an event on one topic; `index` is its place among those that were handed over together. */
export type EventResult =
  | {
      readonly status: 'accepted' | 'duplicate';
      readonly index: number;
      readonly topic: string;
      readonly id: string | undefined;
    }
  | {
      readonly status: 'failed';
      readonly index: number;
      readonly topic: string | undefined;
      readonly error: HubError;
    };

/** Where events go, in order: as much of the publisher as is needed. */
export interface EventSink {
  /** @throws HubError when it had to stop before any was accepted. */
  publishMany(events: readonly OutgoingEvent[]): Promise<readonly EventResult[]>;
}

/** Who is told what becomes of events. */
export interface PublishReader {
  result(result: EventResult, line: number | undefined): void;
  /** Those that were handed over together are done. */
  progress(published: number): void;
}

/**
 * Publishes events in order. One that the hub does not want is told and passed over; when it wants none of those that go
 * together, or can't take them now, there is no use in going on.
 * @returns the cursor of the last event that was stored.
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
    const results = await sink.publishMany(batch.map(({ event }) => event));
    const errors = results.flatMap((result) => (result.status === 'failed' ? result.error : []));
    for (const result of results) {
      reader.result(result, batch[result.index]?.line);
      if (result.status !== 'failed') cursor = result.id ?? cursor;
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

async function* inRequests(batches: AsyncIterable<readonly SourcedEvent[]>): AsyncGenerator<readonly SourcedEvent[]> {
  for await (const batch of batches) {
    for (let first = 0; first < batch.length; first += MAX_BATCH_EVENTS) {
      yield batch.slice(first, first + MAX_BATCH_EVENTS);
    }
  }
}

const willPass = ({ status = 0 }: HubError): boolean => status === 0 || status === 429 || status >= 500;
