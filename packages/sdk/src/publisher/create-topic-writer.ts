import { HubError } from '../hub-error.ts';
import { onAbort } from './abort.ts';
import { takeBatch } from './batch.ts';
import type { Deliver } from './delivery.ts';
import { type EventLine, toEventLine } from './event-line.ts';
import { toPublished } from './ledger.ts';
import type { Published } from './publisher.ts';
import type { TopicWriter, WriterOptions } from './topic-writer.ts';

export interface WriterParts {
  readonly deliver: Deliver;
  readonly maxBodyBytes: number;
  /** Abort the stream. */
  readonly signals: readonly AbortSignal[];
}

// Several sources may write to one stream, each awaiting its own.
const MAX_WAITING_CALLS = 100;
// A server gives the events of so few to its broker all at once. Of more, the last might be stored where the first was not.
const MAX_RESULTS = 250;

/** @throws TypeError for room for nothing. */
export function createTopicWriter<Data>(
  { deliver, maxBodyBytes, signals }: WriterParts,
  topic: string,
  options: WriterOptions = {},
): TopicWriter<Data> {
  const { event, finalEvent = 'end', ttl, maxWaitingBytes = 1_000_000, maxWaitingEvents = 1_000 } = options;
  if (!(maxWaitingBytes > 0 && maxWaitingEvents > 0)) {
    throw new TypeError('maxWaitingBytes and maxWaitingEvents are 1 or more.');
  }
  const limits = { maxBytes: maxBodyBytes, maxResults: MAX_RESULTS };
  const controller = new AbortController();
  const { signal } = controller;
  // Written, and not yet under way.
  const lines: EventLine[] = [];
  const waiters: {
    readonly ready: () => boolean;
    readonly resolve: () => void;
    readonly reject: (reason: unknown) => void;
  }[] = [];
  let bytes = 0;
  let written = 0;
  let isSending = false;
  let isEnding = false;
  let isOver = false;
  let stopListening = (): void => {};

  const hasRoom = (): boolean => lines.length <= maxWaitingEvents && bytes <= maxWaitingBytes;

  function fail(reason: unknown): void {
    if (isOver) return;
    isOver = true;
    controller.abort(reason);
    lines.length = 0;
    bytes = 0;
    stopListening();
    wake();
  }

  const until = (ready: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => void waiters.push({ ready, resolve, reject }));

  function wake(): void {
    for (const waiter of waiters.splice(0)) {
      if (signal.aborted) waiter.reject(signal.reason);
      else if (waiter.ready()) waiter.resolve();
      else waiters.push(waiter);
    }
  }

  async function store(batch: readonly EventLine[]): Promise<Published[]> {
    const { results } = await deliver(batch, { signals: [signal], ordered: true });
    return results.map(toPublished);
  }

  async function sendAll(): Promise<void> {
    try {
      while (lines.length > 0) {
        const batch = lines.splice(0, takeBatch(lines, 0, limits).length);
        for (const line of batch) bytes -= line.bytes.length;
        wake();
        await store(batch);
      }
      isSending = false;
      wake();
    } catch (error) {
      fail(error);
    }
  }

  function assertOpen(): void {
    signal.throwIfAborted();
    if (isEnding) throw new HubError('closed', 'The stream has had its end.');
  }

  stopListening = onAbort(signals, fail);

  return {
    topic,
    signal,
    async write(data) {
      assertOpen();
      const line = toEventLine({ topic, event, data, ttl }, written);
      written += 1;
      lines.push(line);
      bytes += line.bytes.length;
      if (!isSending) {
        isSending = true;
        // In a turn of its own: what is written at once goes in one request.
        void Promise.resolve().then(sendAll);
      }
      if (hasRoom()) return;
      if (waiters.length === MAX_WAITING_CALLS) fail(new HubError('overflow', 'Too many events wait: await write().'));
      signal.throwIfAborted();
      await until(hasRoom);
    },
    async end(data = null, name = finalEvent) {
      assertOpen();
      const line = toEventLine({ topic, event: name, data, ttl, final: true }, written);
      isEnding = true;
      if (isSending) await until(() => !isSending);
      try {
        const [published] = await store([line]);
        isOver = true;
        stopListening();
        return published as Published;
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    abort: () => fail(new HubError('closed', 'The stream was aborted.')),
  };
}
