import { HubError } from '../hub-error.ts';
import { onAbort } from './abort.ts';
import { takeBatch } from './batch.ts';
import { type Deliver, toPublished } from './delivery.ts';
import { type EventLine, toEventLine } from './event-line.ts';
import type { Published } from './publisher.ts';

export interface WriterOptions {
  /** Name of each event; unnamed unless said. */
  readonly event?: string;
  /** Name of the final event, `end` unless said. */
  readonly finalEvent?: string;
  /** Whole seconds that each event is kept in history. */
  readonly ttl?: number;
  /** Bytes, and events, that may wait for the request under way before `write` waits: 1,000,000 and 1,000 unless said. */
  readonly maxWaitingBytes?: number;
  readonly maxWaitingEvents?: number;
  /** Aborts the stream. */
  readonly signal?: AbortSignal;
}

/**
 * Writes to a finite topic. One request is under way at a time, and what is written meanwhile goes in the next: the order
 * is kept, and a slow server is given larger requests, not more. Close it with `end` or `abort`.
 *
 * An event that fails for good ends the stream, since those who read it can't do without: whatever waits is dropped, and
 * every call, under way or later, rejects with that `HubError`.
 */
export interface TopicWriter<Data = unknown> {
  readonly topic: string;
  /** Aborted when the stream failed or was aborted, with the reason: stop there whatever you write from. */
  readonly signal: AbortSignal;
  /**
   * Takes an event, and resolves when there is room for another: await it before you write the next. A hundred calls may
   * wait; one more was plainly not awaited, and fails the stream with `overflow`.
   * @throws TypeError for data that is no JSON; the event is not taken, and the stream goes on.
   */
  write(data: Data): Promise<void>;
  /**
   * Sends the final event once everything before it is stored, so that who reads it has read all; resolves when it is
   * stored.
   * @param data `null` unless said.
   * @param event its name, where it is not the one of the options.
   */
  end(data?: unknown, event?: string): Promise<Published>;
  /** Drops what waits, and leaves the topic without a final event. Calls under way reject with `closed`. */
  abort(): void;
}

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
