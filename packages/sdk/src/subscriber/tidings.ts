import type { GapReason, Goodbye, InboxRead } from '@tidings/protocol/client';
import type { HubError } from '../hub-error.ts';
import type { TidingsEvent } from './event.ts';
import type { DataOf, TopicMap } from './topic-types.ts';

/** Why a token is asked for: at first, or because the one before is about to end, or was refused. */
export type TokenReason = 'connect' | 'expiring' | 'refused';

export interface TidingsOptions {
  /** Where the edge (or the hub) is. In a browser the page's own origin when left out. */
  readonly url?: string | URL;
  /**
   * A token (JWT) or a ticket; or a function that gets one, called again before it ends and after it was refused. Left out:
   * the cookie. A function that answers `undefined` says that the cookie was renewed.
   */
  readonly token?: string | ((reason: TokenReason) => string | undefined | Promise<string | undefined>);
  /**
   * Who the page is logged in as: the tabs of a browser that name the same user of the same hub share one connection. Left out,
   * each tab has its own, since nothing else says that it may see what another one gets.
   */
  readonly user?: string;
  /** Begin after this cursor (`GET /v1/position`, or `Tidings.cursor` of an earlier visit) and not now. */
  readonly cursor?: string;
  /** Ends everything, as `close()` does. */
  readonly signal?: AbortSignal;
}

export interface SubscribeOptions {
  /** What is to come of the past: `none` (default), `all`, `last` (the newest of each topic), the last N, or since an RFC 3339 time. */
  readonly replay?: 'none' | 'all' | 'last' | number | (string & {});
  /** `final`: a finite topic, from its start to its final event; the subscription ends there. Needs a topic by name. */
  readonly until?: 'final';
  /** Unsubscribes. */
  readonly signal?: AbortSignal;
}

/** What `for await` may leave waiting. */
export interface StreamOptions extends SubscribeOptions {
  /** Events that may wait for the loop, 10,000 unless said; beyond it the loop throws `overflow`. */
  readonly maxWaiting?: number;
}

export interface Subscription {
  readonly topic: string;
  /**
   * Resolves when it is in force and its replay has come: whatever is published from then on arrives. Rejects with a
   * `HubError` when it never will be, `closed` when it was ended before. Need not be looked at.
   */
  readonly ready: Promise<void>;
  /** Resolves when it has ended: unsubscribed, closed, or seen to its final event. Rejects with what ended it for good. */
  readonly ended: Promise<void>;
  unsubscribe(): void;
}

/** A subscription to loop over; leaving the loop unsubscribes. */
export interface EventStream<Data> extends Subscription, AsyncIterable<TidingsEvent<Data>> {}

/** `waiting`: for the next try. `idle`: nothing is subscribed to, so there is no connection. */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

/** What a client tells beyond events. */
export interface TidingsNotices {
  /** History between two cursors is gone (contract section 4): load your state anew. */
  gap: { readonly from: string; readonly to: string; readonly reason: GapReason };
  /** The user has read more of their inbox, on whichever page. */
  read: InboxRead;
  /** The connection changed; `reason` is that of the server's goodbye, if it gave one. */
  state: { readonly state: ConnectionState; readonly reason: Goodbye | undefined };
  /** Something failed: for good when a subscription's `ended` rejects with it too, else it is tried again. */
  error: HubError;
}

/** One connection for any number of subscriptions. */
export interface Tidings<Topics extends TopicMap = Record<string, unknown>> {
  readonly state: ConnectionState;
  /**
   * The session of the stream, for the `exclude` of an event that this page must not get itself; all tabs that share a stream
   * are one session. `undefined` before the first connection.
   */
  readonly session: string | undefined;
  /** Everything up to here has been handed to its handlers; `undefined` before the first connection. */
  readonly cursor: string | undefined;
  /**
   * Calls `handler` for each event of a topic or pattern, in order.
   * @throws TypeError without a `url` where there is no page.
   */
  subscribe<const Topic extends string>(
    topic: Topic,
    handler: (event: TidingsEvent<DataOf<Topics, Topic>>) => void,
    options?: SubscribeOptions,
  ): Subscription;
  /** The same, to loop over with `for await`. */
  subscribe<const Topic extends string>(topic: Topic, options?: StreamOptions): EventStream<DataOf<Topics, Topic>>;
  /** Listens to notices; call what it returns to stop. */
  on<Name extends keyof TidingsNotices>(name: Name, listener: (notice: TidingsNotices[Name]) => void): () => void;
  /** Ends every subscription and the connection. */
  close(): void;
}
