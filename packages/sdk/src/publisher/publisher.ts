import type { HubError } from '../hub-error.ts';
import type { DataOf, TopicMap } from '../subscriber/topic-types.ts';
import type { PipeOptions } from './pipe.ts';
import type { TopicWriter, WriterOptions } from './topic-writer.ts';

export interface PublisherOptions {
  /** Where the ingest (or the hub) is; a path in it stands before `/v1/…`. */
  readonly url: string | URL;
  /**
   * A token (JWT) that may publish; or a function that gets one. It is called again when the token is about to end by its
   * `exp`, and once more when a request is answered 401.
   */
  readonly token: string | (() => string | Promise<string>);
  /**
   * How long one request may take with all its tries, in milliseconds: 30,000 unless said, at most 100,000, since the server
   * remembers for two minutes what it has stored. A single try may take a third of it, 10 seconds at most.
   */
  readonly timeoutMs?: number;
  /** Bytes of one request, 1,000,000 unless said; an event that is larger goes alone. The server, or a proxy, may take less. */
  readonly maxBodyBytes?: number;
  /** Ends everything that is under way, and what is begun later: all of it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Used in place of the global `fetch`: for a proxy, or certificates of your own. */
  readonly fetch?: typeof fetch;
}

/** What an event may have beside its topic and its data (contract section 5). */
export interface EventOptions {
  /** Its name; left out for an unnamed event. */
  readonly event?: string | undefined;
  /**
   * Idempotency key: the same one on the same topic within two minutes is stored once. Left out, an event gets one of its
   * own, so that its repetitions here are stored once; give one where you repeat it yourself.
   */
  readonly id?: string | undefined;
  /** Whole seconds that it is kept in history. */
  readonly ttl?: number | undefined;
  /** `false`: live only, no history. Nobody remembers its `id`: it may come twice when an answer is lost. */
  readonly store?: boolean | undefined;
  /** The last event of a finite topic. */
  readonly final?: boolean | undefined;
  /** The session that must not get it: the sender's own page. */
  readonly exclude?: string | undefined;
  /**
   * When it is to be published, as a time of RFC 3339 or a `Date`, up to 366 days ahead. It is stored durably until then, and
   * published exactly once; what comes back is its `schedule`.
   */
  readonly at?: string | Date | undefined;
  /** In how many whole seconds it is to be published; in place of `at`. */
  readonly delay?: number | undefined;
}

/** An event that is published later. `DELETE /v1/schedules/{id}` cancels it. */
export interface ScheduledEvent {
  readonly id: string;
  /** When, as RFC 3339 in UTC. */
  readonly at: string;
}

export interface PublishOptions extends EventOptions {
  /** Gives up; whether the event was stored is unknown then. */
  readonly signal?: AbortSignal | undefined;
}

/** Where an event went. */
export interface Published {
  readonly topic: string;
  /** Its cursor; `undefined` for an event that is not stored, or not yet. */
  readonly id: string | undefined;
  /** Of an event that is published later. */
  readonly schedule?: ScheduledEvent;
  /** It was stored before under the same id: by an earlier try, mostly. */
  readonly duplicate: boolean;
}

/** One of many events: for one topic, for several (up to 100), or for a user. `data` is a string or any JSON value. */
export type EventToPublish<Topics extends TopicMap = Record<string, unknown>, Topic extends string = string> =
  | (EventOptions & { readonly topic: Topic; readonly data: DataOf<Topics, Topic> })
  | (EventOptions & { readonly topics: readonly string[]; readonly data: unknown })
  | (EventOptions & { readonly user: string; readonly data: unknown });

/** What became of one event on one topic. `index` is the event's place in what was given, from 0. */
export type PublishResult =
  | {
      readonly status: 'accepted' | 'duplicate';
      readonly index: number;
      readonly topic: string;
      readonly id: string | undefined;
      /** Of an event that is published later. */
      readonly schedule?: ScheduledEvent;
    }
  | { readonly status: 'failed'; readonly index: number; readonly topic: string | undefined; readonly error: HubError };

/**
 * Publishes over REST, and repeats what fails for a passing reason (network, timeouts, 408, 425, 429, 500, 502, 503, 504)
 * under the same idempotency key, so that it is stored once. Rejects with a `HubError`: one of the server's codes, or
 * `network`, `timeout`, `token`, `answer`; after `network`, `timeout` and 5xx it is unknown whether the event was stored.
 */
export interface Publisher<Topics extends TopicMap = Record<string, unknown>> {
  /**
   * Publishes one event; resolves once the broker has it durably.
   * @param data a string, delivered as it is, or any JSON value, delivered as compact JSON.
   * @throws TypeError for data that is no JSON.
   */
  publish<const Topic extends string>(
    topic: Topic,
    data: DataOf<Topics, Topic>,
    options?: PublishOptions,
  ): Promise<Published>;

  /** The same for one user, on topic `user.<user>`. */
  publishToUser(user: string, data: unknown, options?: PublishOptions): Promise<Published>;

  /**
   * Publishes many, in as few requests as the server's limits allow, one after the other. Resolves with one result for each
   * event and topic, in order: events that are refused stop no others. What could not be tried any more, because a request
   * had used up its time, has that request's error.
   *
   * The events of a topic are stored in the order given, but for one case: where the broker was away for a part of a
   * request, that part is repeated, and may come after events that stood behind it. Where order is all, use `stream`.
   *
   * @throws HubError when it had to stop before anything was accepted.
   */
  publishMany<const Names extends readonly string[]>(
    events: { readonly [Place in keyof Names]: EventToPublish<Topics, Names[Place]> },
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<PublishResult[]>;

  /** Opens a finite topic: tokens of an answer, lines of a log, in order, then a final event (contract section 6). */
  stream<const Topic extends string>(topic: Topic, options?: WriterOptions): TopicWriter<DataOf<Topics, Topic>>;

  /**
   * Writes whatever the source yields to a finite topic, each as one event, and then the final event, whose data is what
   * the source returns (`null` for most). Resolves when all is stored.
   *
   * When the source throws, a final event named `failed` tells so to those who read, who would wait for ever otherwise;
   * then it rejects with the source's error. When publishing fails, or a signal is aborted, it rejects at once, closes the
   * source and leaves the topic without a final event.
   */
  pipe<const Topic extends string>(
    topic: Topic,
    source: AsyncIterable<DataOf<Topics, Topic>>,
    options?: PipeOptions,
  ): Promise<Published>;
}
