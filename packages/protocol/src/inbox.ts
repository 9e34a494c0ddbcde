/** How many events of an inbox are not read, and when that was so. */
export interface InboxCount {
  /** Events on `user.<id>` that are kept and not read; of more than can be counted at once, those that were counted. */
  readonly unread: number;
  /** There are more than were counted. */
  readonly more?: true;
  /** A cursor: what was published after it is not counted. */
  readonly at: string;
  /** A cursor: everything up to it is read. */
  readonly upTo: string;
  /** Of two counts the one with the higher revision knows more that is read; 0 where nothing ever was. */
  readonly revision: number;
}

/** What a user has read more than before: the data of `hub.read`. */
export interface InboxRead extends InboxCount {
  readonly user: string;
  /** Cursors of single events that are read too. */
  readonly ids: readonly string[];
  /** The revision before it: whoever has a lower one missed something, and asks for the inbox anew. */
  readonly after: number;
}

/** A page of an inbox: the answer of `GET /v1/users/{user}/inbox`. */
export interface InboxAnswer extends InboxCount {
  /** Newest first. */
  readonly events: readonly {
    readonly id: string;
    readonly event?: string;
    readonly time: string;
    readonly data: unknown;
    readonly read: boolean;
  }[];
  /** The `before` of the page after this one, where there are older events. */
  readonly next?: string;
}
