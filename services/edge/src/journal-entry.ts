import { type Grant, personalTopics } from '@tidings/auth';
import type { SessionRecord, Stretch } from '@tidings/control';
import { parseCursor } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Feed } from './feed.ts';
import type { Join } from './join.ts';
import type { Session } from './session.ts';

/** What an entry looks at when something changed. */
export interface EntryParts {
  readonly node: string;
  readonly feed: Pick<Feed, 'epoch' | 'position' | 'ring'>;
  readonly clock: Clock;
}

/** A record that is still written. */
type Draft = {
  -readonly [Key in keyof SessionRecord]: SessionRecord[Key] extends readonly (infer Item)[]
    ? Item[]
    : SessionRecord[Key];
};

/** Changes of one kind that are kept of a session, and what all its changes may take: of who makes more it is said. */
const MOST_CHANGES = 32;
const MOST_BYTES = 65_536;
/** As measured: 1.8 kB where a session had two topics and no change, 3.6 kB where it had 20. */
const BASE_BYTES = 1_500;
const CHANGE_BYTES = 120;
const TEXT_BYTES = 56;

const stretch = (after: number, upTo: number): Stretch[] => (upTo > after ? [{ after, upTo }] : []);

const grantsOf = (grant: Grant): string[] => [...grant.subscribe, ...(personalTopics(grant) ?? [])];

const sizeOf = (texts: readonly string[]): number =>
  texts.reduce((bytes, text) => bytes + TEXT_BYTES + text.length, CHANGE_BYTES);

/** What a journal keeps of one session, while it is open and after. */
export class JournalEntry {
  readonly owner: string;
  readonly #parts: EntryParts;
  readonly #draft: Draft;
  /** About what it takes. */
  bytes: number;
  /** How often it fell behind, and has not caught up by the newest events alone. */
  #lags = 0;
  #lagsFrom = 0;

  constructor(
    owner: string,
    first: Pick<SessionRecord, 'id' | 'openedMs'> & Partial<SessionRecord>,
    parts: EntryParts,
  ) {
    this.owner = owner;
    this.#parts = parts;
    this.#draft = {
      node: parts.node,
      epoch: parts.feed.epoch,
      topics: [],
      grants: [],
      gaps: [],
      newestOnly: [],
      replays: [],
      cut: false,
      through: 0,
      lastId: 0,
      atMs: first.openedMs,
      unsentBytes: 0,
      ...first,
    } as Draft;
    this.bytes = this.#measure();
  }

  get id(): string {
    return this.#draft.id;
  }

  get closedMs(): number | undefined {
    return this.#draft.closedMs;
  }

  get begun(): boolean {
    return this.#draft.start !== undefined;
  }

  /** As it stands, in plain JSON. */
  get record(): SessionRecord {
    const lag = this.#lags > 0 ? stretch(this.#lagsFrom, this.#parts.feed.position) : [];
    return { ...this.#draft, newestOnly: [...this.#draft.newestOnly, ...lag] };
  }

  began({ position, newestUpTo, gap }: Join): void {
    const draft = this.#draft;
    const { epoch } = this.#parts.feed;
    Object.assign(draft, { epoch, start: position, through: position, lastId: position });
    const given = parseCursor(draft.given ?? '');
    if (gap !== undefined && given?.epoch === epoch) draft.gaps.push(...stretch(given.seq, position));
    draft.newestOnly.push(...stretch(position, newestUpTo));
  }

  /** The session goes on after `to` in the same log. */
  gap(session: Session, to: number): void {
    // Whoever is live had everything of its topics up to its newest id, and nothing since.
    const after = session.live ? session.cursorSeq : session.position;
    for (const each of stretch(after, to)) this.#add(this.#draft.gaps, each, CHANGE_BYTES);
  }

  /** What follows after `to` is of another log: an entry of its own, for the same session. */
  renewed(to: number): JournalEntry {
    const { id, topics, grants } = this.#draft;
    const nowMs = this.#parts.clock.now();
    const first = {
      id,
      openedMs: nowMs,
      start: to,
      topics: topics.slice(-1).map((last) => ({ ...last, after: 0, settled: 0 })),
      grants: grants.slice(-1).map((last) => ({ ...last, after: 0 })),
      through: to,
      lastId: to,
      atMs: nowMs,
    };
    return new JournalEntry(this.owner, first, this.#parts);
  }

  /** @returns ends the stretch of which it gets the newest events alone. */
  lagging(session: Session): () => void {
    const from = session.position;
    if (this.#lags === 0) this.#lagsFrom = from;
    this.#lags += 1;
    return () => {
      if (this.closedMs !== undefined) return;
      this.#lags -= 1;
      for (const each of stretch(from, this.#placeOf(session))) this.#add(this.#draft.newestOnly, each, CHANGE_BYTES);
    };
  }

  changed(session: Session): void {
    const after = this.#placeOf(session);
    const settled = session.live ? after : this.#parts.feed.position;
    const { topics } = session;
    this.#add(this.#draft.topics, { after, settled, topics }, sizeOf(topics));
  }

  replaying(session: Session, patterns: readonly string[]): void {
    const upTo = this.#placeOf(session);
    for (const pattern of patterns) this.#add(this.#draft.replays, { pattern, upTo }, sizeOf([pattern]));
  }

  /** @param replaces what was granted before counts no more. */
  granted(session: Session, grant: Grant, replaces: boolean): void {
    const before = replaces ? [] : (this.#draft.grants.at(-1)?.patterns ?? []);
    const patterns = [...new Set([...before, ...grantsOf(grant)])];
    this.#add(this.#draft.grants, { after: this.#placeOf(session), patterns }, sizeOf(patterns));
  }

  /** Notes how far it has come. */
  look(session: Session, through = this.#placeOf(session)): void {
    const draft = this.#draft;
    draft.through = Math.max(draft.through, through, session.cursorSeq);
    draft.lastId = Math.max(draft.lastId, session.cursorSeq);
    draft.atMs = this.#parts.clock.now();
    draft.unsentBytes = session.outbox.unsentBytes + session.outbox.lostBytes;
  }

  end(how: string): void {
    const draft = this.#draft;
    if (this.#lags > 0) draft.newestOnly.push(...stretch(this.#lagsFrom, draft.through));
    this.#lags = 0;
    this.bytes = this.#measure();
    draft.closedMs = this.#parts.clock.now();
    draft.end = how;
  }

  // Everything that matches was written up to here.
  #placeOf(session: Session): number {
    if (!session.live) return session.position;
    return Math.max(this.#parts.feed.ring.last, session.cursorSeq, session.fedFrom);
  }

  #add<Item>(list: Item[], item: Item, bytes: number): void {
    list.push(item);
    this.bytes += bytes;
    if (list.length <= MOST_CHANGES && this.bytes <= MOST_BYTES) return;
    // The newest alone is left, so that what it takes is known.
    list.splice(0, list.length - 1);
    this.#draft.cut = true;
    this.bytes = this.#measure();
  }

  #measure(): number {
    const { topics, grants, replays, gaps, newestOnly } = this.#draft;
    let bytes = BASE_BYTES + this.owner.length + CHANGE_BYTES * (gaps.length + newestOnly.length);
    for (const each of topics) bytes += sizeOf(each.topics);
    for (const { patterns } of grants) bytes += sizeOf(patterns);
    for (const { pattern } of replays) bytes += sizeOf([pattern]);
    return bytes;
  }
}

export const firstRecord = (session: Session, grant: Grant, cursor: string | undefined) => ({
  id: session.id,
  openedMs: session.sinceMs,
  // A copy: a piece of a text keeps all of it.
  ...(cursor !== undefined && { given: Buffer.from(cursor).toString() }),
  topics: [{ after: 0, settled: 0, topics: session.topics }],
  grants: [{ after: 0, patterns: grantsOf(grant) }],
});
