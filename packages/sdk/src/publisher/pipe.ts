import { unlessAborted } from './abort.ts';
import type { Published } from './publisher.ts';
import type { TopicWriter, WriterOptions } from './topic-writer.ts';

export interface PipeOptions extends WriterOptions {
  /** The data of the event `failed` for what the source threw; `null` without it, so that nothing of an error leaks. */
  readonly toFailure?: (error: unknown) => unknown;
}

const FAILED_EVENT = 'failed';

/** Writes all that a source yields, and ends the stream as `Publisher.pipe` describes. */
export async function pipeTo<Data>(
  writer: TopicWriter<Data>,
  source: AsyncIterable<Data>,
  toFailure: PipeOptions['toFailure'],
): Promise<Published> {
  const iterator = source[Symbol.asyncIterator]();
  let returned: unknown;
  try {
    writer.signal.throwIfAborted();
    while (true) {
      // A source that is silent must not keep a stream that has failed.
      const { done, value } = await unlessAborted(Promise.resolve(iterator.next()), [writer.signal]);
      if (done) {
        returned = value;
        break;
      }
      await writer.write(value);
    }
  } catch (error) {
    // Not awaited: a generator that waits for something returns only after that.
    void Promise.resolve()
      .then(() => iterator.return?.())
      .catch(() => {});
    if (writer.signal.aborted) throw error;
    await writer.end(toFailure?.(error), FAILED_EVENT).catch((endError) => {
      throw new AggregateError([error, endError], 'The source failed, and its readers could not be told.');
    });
    throw error;
  }
  return writer.end(returned);
}
