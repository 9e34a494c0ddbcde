import type { HubError } from '../hub-error.ts';
import type { TidingsEvent } from '../subscriber/event.ts';
import type { Tidings, TidingsOptions } from '../subscriber/tidings.ts';

export interface InboxOptions {
  /** The client of the page; its connection brings what is new, and what is read on other pages. */
  readonly client: Pick<Tidings, 'subscribe' | 'on'>;
  /** Whose inbox: the `sub` of the token. */
  readonly user: string;
  /** As `createTidings` has it. */
  readonly url?: TidingsOptions['url'];
  /** As `createTidings` has it, but a ticket is none: nothing is marked by one. */
  readonly token?: TidingsOptions['token'];
  /** How many events are listed at first, and with each `loadOlder`: 20 unless said, 100 at the most. */
  readonly limit?: number;
}

/** An event of an inbox. */
export interface InboxEvent<Data = unknown> extends TidingsEvent<Data> {
  readonly id: string;
  readonly read: boolean;
}

/** An inbox as it is now. The object stays the same until something changes. */
export interface InboxState<Data = unknown> {
  /** `idle` while nobody listens; `pending` until it was read for the first time. */
  readonly status: 'idle' | 'pending' | 'ready';
  /** Events that are kept and not read, listed or not. */
  readonly unread: number;
  /** There are more unread ones than were counted. */
  readonly more: boolean;
  /** The newest events, newest first. */
  readonly events: readonly InboxEvent<Data>[];
  /** There are older ones than are listed. */
  readonly hasOlder: boolean;
  /** Why it could not be read the last time; it is tried again, unless that is no use. */
  readonly error?: HubError | undefined;
}

/** The inbox of a user, the same on every page: it is read while somebody listens to it, and not before. */
export interface Inbox<Data = unknown> {
  readonly state: InboxState<Data>;
  /** Listens for changes of `state`; call what it returns to stop. */
  onChange(listener: () => void): () => void;
  /** Marks single events as read, up to 100. @throws HubError. */
  markRead(...ids: readonly string[]): Promise<void>;
  /** Marks everything as read up to the newest event that is listed. @throws HubError. */
  markAllRead(): Promise<void>;
  /** Lists older events too. @throws HubError. */
  loadOlder(): Promise<void>;
}
