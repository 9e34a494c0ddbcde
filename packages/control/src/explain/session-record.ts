/** A stretch of the log: after `after`, up to and including `upTo`. */
export interface Stretch {
  readonly after: number;
  readonly upTo: number;
}

/** What a session asked for, and might ask for, after a place. */
export interface TopicsRecord {
  readonly after: number;
  /** Where the feed was: what is new had perhaps been read past up to here. */
  readonly settled: number;
  readonly topics: readonly string[];
}

export interface GrantRecord {
  readonly after: number;
  /** Patterns that the token granted, the user's own topics among them. */
  readonly patterns: readonly string[];
}

/**
 * What a journal keeps of one session: changes alone, for between two of them everything that matches was written in the
 * order of the log (ADR 0035). Places are of the log `epoch`. Plain JSON, as nodes send it to each other.
 */
export interface SessionRecord {
  readonly id: string;
  readonly node: string;
  readonly epoch: string;
  readonly openedMs: number;
  /** The cursor that it came with. */
  readonly given?: string;
  /** Everything up to here counted as done when it began; absent while it has not. */
  readonly start?: number;
  /** Ascending, never empty. */
  readonly topics: readonly TopicsRecord[];
  readonly grants: readonly GrantRecord[];
  /** Its client was told that these are gone. */
  readonly gaps: readonly Stretch[];
  /** Here only the newest event of each topic was sent. */
  readonly newestOnly: readonly Stretch[];
  /** The past of these was sent when they were added. */
  readonly replays: readonly { readonly pattern: string; readonly upTo: number }[];
  /** Something of the lists above was dropped: they are bounded. */
  readonly cut: boolean;
  /** Everything that matches was handed to the connection up to here. */
  readonly through: number;
  /** The newest place whose id was written. */
  readonly lastId: number;
  /** When `through` was looked at. */
  readonly atMs: number;
  /** Bytes that the kernel had not taken then: what was written last may be among them. */
  readonly unsentBytes: number;
  /** Absent while it is open. */
  readonly closedMs?: number;
  readonly end?: string;
}

/** What one node answers about a user. */
export interface JournalPart {
  readonly node: string;
  readonly sinceMs: number;
  /** From then on it has heard every other node. */
  readonly hearsSinceMs: number;
  readonly isOn: boolean;
  /** The latest end of a session that was forgotten, or could not be told; 0: none was. */
  readonly forgottenMs: number;
  readonly records: readonly SessionRecord[];
  /** Nodes that this one has heard, with a journal or without. */
  readonly heard: readonly HeardNode[];
}

export interface HeardNode {
  readonly node: string;
  readonly sinceMs: number;
  readonly heardMs: number;
}

/** The event that is asked about. */
export interface AskedEvent {
  readonly epoch: string;
  readonly seq: number;
  readonly found: FoundEvent | LostEvent;
}

/** An event that is stored. */
export interface FoundEvent {
  readonly state: 'stored';
  readonly topic: string;
  readonly event: string;
  readonly timeMs: number;
  readonly exclude: string;
  /** Whoever may come may read its topic. */
  readonly isPublic: boolean;
}

export interface LostEvent {
  readonly state: 'evicted' | 'gone' | 'never' | 'other-log';
}
