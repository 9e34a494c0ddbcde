/** Whether an event can still be read, or why not. */
export type EventState = 'stored' | 'evicted' | 'gone' | 'never' | 'other-log';

/** `yes`, `no`, or what can't be known from what is left. */
export type Certainty = 'yes' | 'no' | 'unknown';

/** Why an event was not written to a session, or why that is not known. */
export type ExplainReason =
  | 'no-topic'
  | 'opened-after'
  | 'excluded'
  | 'gap'
  | 'closed-before'
  | 'not-yet'
  | 'other-log'
  | 'event-unknown'
  | 'newest-only'
  | 'replayed'
  | 'changed-meanwhile'
  | 'forgotten'
  | 'unsent';

/** What became of an event on its way to one session. Times are RFC 3339. */
export interface SessionExplanation {
  readonly id: string;
  /** The node that held the stream. */
  readonly edge: string;
  readonly opened: string;
  /** Left out while it is open. */
  readonly closed?: string;
  /** Why it ended: a reason of `hub.bye`, `gone` or `log-began-anew`. */
  readonly end?: string;
  /** What it asked for when the event came. */
  readonly topics: readonly string[];
  /** Those of its topics that match; left out where the event's topic is not known. */
  readonly matched?: readonly string[];
  /** Whether its token granted the topic then; left out where the topic is not known. */
  readonly granted?: boolean;
  /** The cursor that it came with, if any. */
  readonly resumedFrom?: string;
  /** Handed to its connection, by this time at the latest. */
  readonly written: Certainty;
  readonly writtenBy?: string;
  readonly why?: ExplainReason;
  /** A later session of the same client had it already. */
  readonly acknowledged: Certainty;
  readonly acknowledgedBy?: { readonly session: string; readonly at: string };
  /** The same in a sentence. */
  readonly text: string;
}

/** How much a node knows. */
export interface ExplainingNode {
  readonly node: string;
  /** When it started. */
  readonly since: string;
  /** `false`: it keeps no journal. */
  readonly journal: boolean;
  /** It has every session that it held since the event. */
  readonly complete: boolean;
}

/** A node that served since the event and does not answer any more. */
export interface LostNode {
  readonly node: string;
  readonly since: string;
  readonly heard: string;
}

/** Whether a user got an event, as far as that is known: the answer of `GET /v1/explain`. */
export interface Explanation {
  /** The answer in plain words. */
  readonly conclusion: string;
  /** `acknowledged` is more than `written`; `no` stands only where nothing is left out. */
  readonly delivered: 'acknowledged' | 'written' | 'no' | 'unknown';
  readonly user: string;
  readonly event: {
    readonly id: string;
    readonly state: EventState;
    readonly topic?: string;
    readonly event?: string;
    readonly time?: string;
    readonly exclude?: string;
  };
  /** Oldest first. */
  readonly sessions: readonly SessionExplanation[];
  readonly nodes: readonly ExplainingNode[];
  readonly lost: readonly LostNode[];
}
