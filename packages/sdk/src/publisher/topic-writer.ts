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
