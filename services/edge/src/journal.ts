import { type Grant, personalTopics } from '@tidings/auth';
import type { JournalPart, SessionRecord, Stretch } from '@tidings/control';
import { type GapReason, parseCursor } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Feed } from './feed.ts';
import type { Join } from './join.ts';
import type { Session } from './session.ts';

/**
 * What became of sessions, for those who ask why an event did not come (ADR 0035). It is told where a session begins,
 * changes, lags and ends, and never of an event: with the journal or without, a delivery costs the same.
 */
export interface Journal {
  opened(session: Session, grant: Grant, cursor: string | undefined): void;
  /** Where it begins is known, and nothing was written yet. */
  began(session: Session, join: Join): void;
  /** What lies up to `to` is gone for it; told before its place is another. */
  gap(session: Session, to: number, reason: GapReason): void;
  /** It was live and falls behind; what is returned is to be called when it is live again, or has ended. */
  lagging(session: Session): () => void;
  changed(session: Session): void;
  /** The past of these topics is written to it now. */
  replaying(session: Session, patterns: readonly string[]): void;
  /** It rests upon a newer token. */
  granted(session: Session, grant: Grant): void;
  closed(session: Session): void;
  /** What is known of the sessions of a user. */
  find(tenant: string, user: string): Pick<JournalPart, 'forgottenMs' | 'records'>;
}

export interface JournalOptions {
  readonly node: string;
  readonly feed: Pick<Feed, 'epoch' | 'position' | 'ring'>;
  readonly clock: Clock;
  /** Ended sessions that are kept. */
  readonly most: number;
  readonly ageMs: number;
}

/** A record that is still written. */
type Draft = { -readonly [Key in keyof SessionRecord]: SessionRecord[Key] extends readonly (infer Item)[] ? Item[] : SessionRecord[Key] };

interface Entry {
  readonly owner: string;
  draft: Draft;
  /** Where it fell behind, while it catches up by the newest events alone. */
  lagsFrom: number | undefined;
}

// Changes of one session that are kept; who makes more is known from then on.
const MOST_CHANGES = 32;
// Sessions in one answer, of which each may have that many changes.
const MOST_ANSWERED = 100;

export function createJournal({ node, feed, clock, most, ageMs }: JournalOptions): Journal {
  const open = new Map<string, Entry>();
  /** In the order in which they ended. */
  const ended = new Set<Entry>();
  const byOwner = new Map<string, Set<Entry>>();
  let forgottenMs = 0;

  const ownerOf = (tenant: string, user: string | undefined): string => `${tenant}\n${user ?? ''}`;

  function keep(entry: Entry): void {
    const own = byOwner.get(entry.owner) ?? new Set();
    byOwner.set(entry.owner, own);
    own.add(entry);
  }

  function forget(entry: Entry): void {
    ended.delete(entry);
    forgottenMs = Math.max(forgottenMs, entry.draft.closedMs ?? 0);
    const own = byOwner.get(entry.owner);
    own?.delete(entry);
    if (own?.size === 0) byOwner.delete(entry.owner);
  }

  function forgetOld(): void {
    const beforeMs = clock.now() - ageMs;
    for (const entry of ended) {
      if (ended.size <= most && (entry.draft.closedMs ?? 0) >= beforeMs) return;
      forget(entry);
    }
  }

  function add<Item>(draft: Draft, list: Item[], item: Item): void {
    list.push(item);
    if (list.length <= MOST_CHANGES) return;
    list.shift();
    draft.cut = true;
  }

  // Everything that matches was written up to here, as `Session.pause` has it.
  const placeOf = (session: Session): number =>
    session.live ? Math.max(feed.ring.last, session.cursorSeq, session.fedFrom) : session.position;

  const stretch = (after: number, upTo: number): Stretch[] => (upTo > after ? [{ after, upTo }] : []);

  function grantsOf(grant: Grant): string[] {
    return [...grant.subscribe, ...(personalTopics(grant) ?? [])];
  }

  // As it stands now. What is written to a session that is open goes on, so nothing of it is kept here.
  function look(entry: Entry, session: Session): void {
    const { draft } = entry;
    const place = placeOf(session);
    draft.through = Math.max(draft.through, place);
    draft.lastId = Math.max(draft.lastId, session.cursorSeq);
    draft.atMs = clock.now();
    draft.unsentBytes = session.outbox.unsentBytes;
  }

  function end(entry: Entry, how: string): void {
    const { draft } = entry;
    draft.closedMs = clock.now();
    draft.end = how;
    ended.add(entry);
    forgetOld();
  }

  const sessions = new Map<string, Session>();

  return {
    opened(session, grant, cursor) {
      const { id, tenant, user, sinceMs, topics } = session;
      const draft: Draft = {
        id,
        node,
        epoch: feed.epoch,
        openedMs: sinceMs,
        ...(cursor !== undefined && { given: cursor }),
        topics: [{ after: 0, settled: 0, topics }],
        grants: [{ after: 0, patterns: grantsOf(grant) }],
        gaps: [],
        newestOnly: [],
        replays: [],
        cut: false,
        through: 0,
        lastId: 0,
        atMs: sinceMs,
        unsentBytes: 0,
      };
      const entry: Entry = { owner: ownerOf(tenant, user), draft, lagsFrom: undefined };
      open.set(id, entry);
      sessions.set(id, session);
      keep(entry);
    },
    began(session, { position, newestUpTo, gap }) {
      const draft = open.get(session.id)?.draft;
      if (draft === undefined) return;
      draft.epoch = feed.epoch;
      draft.start = position;
      draft.through = position;
      draft.lastId = position;
      const given = parseCursor(draft.given ?? '');
      if (gap !== undefined && given?.epoch === feed.epoch) draft.gaps.push(...stretch(given.seq, position));
      draft.newestOnly.push(...stretch(position, newestUpTo));
    },
    gap(session, to, reason) {
      const entry = open.get(session.id);
      if (entry === undefined) return;
      const { draft } = entry;
      if (draft.epoch === feed.epoch) {
        for (const each of stretch(placeOf(session), to)) add(draft, draft.gaps, each);
        return;
      }
      // Its places are of another log: what it had of that is what it was given ids of.
      draft.through = Math.max(draft.through, session.cursorSeq);
      draft.lastId = Math.max(draft.lastId, session.cursorSeq);
      draft.atMs = clock.now();
      end(entry, reason === 'reset' ? 'log-began-anew' : reason);
      const { topics, grants } = draft;
      const next: Draft = {
        id: draft.id,
        node,
        epoch: feed.epoch,
        openedMs: clock.now(),
        start: to,
        topics: topics.slice(-1).map((last) => ({ ...last, after: 0, settled: 0 })),
        grants: grants.slice(-1).map((last) => ({ ...last, after: 0 })),
        gaps: [],
        newestOnly: [],
        replays: [],
        cut: false,
        through: to,
        lastId: to,
        atMs: clock.now(),
        unsentBytes: 0,
      };
      const following: Entry = { owner: entry.owner, draft: next, lagsFrom: undefined };
      open.set(session.id, following);
      keep(following);
    },
    lagging(session) {
      const entry = open.get(session.id);
      if (entry === undefined || session.lag !== 'latest') return () => {};
      entry.lagsFrom = session.position;
      return () => {
        const { lagsFrom, draft } = entry;
        entry.lagsFrom = undefined;
        for (const each of stretch(lagsFrom ?? 0, placeOf(session))) add(draft, draft.newestOnly, each);
      };
    },
    changed(session) {
      const draft = open.get(session.id)?.draft;
      if (draft === undefined) return;
      const after = placeOf(session);
      add(draft, draft.topics, { after, settled: session.live ? after : feed.position, topics: session.topics });
    },
    replaying(session, patterns) {
      const draft = open.get(session.id)?.draft;
      if (draft === undefined) return;
      for (const pattern of patterns) add(draft, draft.replays, { pattern, upTo: placeOf(session) });
    },
    granted(session, grant) {
      const draft = open.get(session.id)?.draft;
      if (draft !== undefined) add(draft, draft.grants, { after: placeOf(session), patterns: grantsOf(grant) });
    },
    closed(session) {
      const entry = open.get(session.id);
      if (entry === undefined) return;
      open.delete(session.id);
      sessions.delete(session.id);
      const { draft, lagsFrom } = entry;
      // It is not live any more, and was told of nothing since its last id that it should have had.
      draft.through = Math.max(draft.through, session.position, session.cursorSeq);
      draft.lastId = Math.max(draft.lastId, session.cursorSeq);
      draft.atMs = clock.now();
      draft.unsentBytes = session.outbox.unsentBytes;
      if (lagsFrom !== undefined) draft.newestOnly.push(...stretch(lagsFrom, draft.through));
      end(entry, session.goodbye ?? 'gone');
    },
    find(tenant, user) {
      forgetOld();
      const all = [...(byOwner.get(ownerOf(tenant, user)) ?? [])];
      const told = all.slice(-MOST_ANSWERED);
      for (const entry of told) {
        const session = sessions.get(entry.draft.id);
        if (session !== undefined && open.get(entry.draft.id) === entry && entry.draft.start !== undefined) look(entry, session);
      }
      const records = told.map(({ draft, lagsFrom }) => ({
        ...draft,
        newestOnly: [...draft.newestOnly, ...(lagsFrom === undefined ? [] : stretch(lagsFrom, feed.position))],
      }));
      return { forgottenMs: told.length < all.length ? clock.now() : forgottenMs, records };
    },
  };
}
