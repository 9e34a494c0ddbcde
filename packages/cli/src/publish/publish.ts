import { MAX_BATCH_EVENTS, type Problem } from '@tidings/protocol';
import { CommandError } from '../command-error.ts';
import { exitCodeOf } from '../hub-failure.ts';
import type { OutgoingEvent, SourcedEvent } from './event-source.ts';
import { toCount } from './progress.ts';

/** What became of an event on one topic. */
export interface PublishOutcome {
  /** The place of the event among those that were sent together. */
  readonly index: number;
  readonly topic?: string | undefined;
  /** Its cursor; absent for one that is live only. */
  readonly id?: string | undefined;
  readonly duplicate?: boolean | undefined;
  readonly problem?: Problem | undefined;
}

/** Where events go: all of them in order. */
export interface EventSink {
  /**
   * @param events up to 1,000.
   * @throws HubError when nothing can be said of any of them.
   */
  publish(events: readonly OutgoingEvent[]): Promise<readonly PublishOutcome[]>;
}

/** Who is told what becomes of events. */
export interface PublishReader {
  outcome(outcome: PublishOutcome, line: number | undefined): void;
  /** Those that were sent together are done. */
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
  let first: Problem | undefined;
  for await (const batch of inRequests(batches)) {
    const outcomes = await sink.publish(batch.map(({ event }) => event));
    const problems = outcomes.flatMap(({ problem }) => problem ?? []);
    for (const outcome of outcomes) {
      reader.outcome(outcome, batch[outcome.index]?.line);
      if (!outcome.problem) cursor = outcome.id ?? cursor;
    }
    failed += problems.length;
    published += outcomes.length - problems.length;
    first ??= problems[0];
    reader.progress(published);
    if (problems.length === outcomes.length || problems.some(willPass)) break;
  }
  if (first === undefined) return cursor;
  const said = `${first.code}: ${first.detail ?? first.title}`;
  const isAlone = failed + published === 1;
  throw new CommandError(isAlone ? said : `events refused: ${toCount(failed)}, the first: ${said}`, exitCodeOf(first));
}

async function* inRequests(batches: AsyncIterable<readonly SourcedEvent[]>): AsyncGenerator<readonly SourcedEvent[]> {
  for await (const batch of batches) {
    for (let first = 0; first < batch.length; first += MAX_BATCH_EVENTS) {
      yield batch.slice(first, first + MAX_BATCH_EVENTS);
    }
  }
}

const willPass = ({ status }: Problem): boolean => status === 429 || status >= 500;
