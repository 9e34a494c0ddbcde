import type { Grant } from '@tidings/auth';
import type { JournalPart, SessionRecord } from '@tidings/control';
import type { GapReason } from '@tidings/protocol';
import type { Join } from './join.ts';
import { type EntryParts, firstRecord, JournalEntry } from './journal-entry.ts';
import type { Session } from './session.ts';

/**
 * What became of users' sessions, for those who ask why an event did not come (ADR 0035). It is told where a session begins,
 * changes, lags and ends, and never of an event: with the journal or without, a delivery costs the same.
 */
export interface Journal {
  /** Must be told first; who has no name is not kept. */
  opened(session: Session, grant: Grant, cursor: string | undefined): void;
  /** Where it begins is known, and what is gone was told. */
  began(session: Session, join: Join): void;
  /** What lies up to `to` is gone for it; told before its place is another. */
  gap(session: Session, to: number, reason: GapReason): void;
  /** It was live and falls behind; what is returned is to be called when it is live again, or has ended. */
  lagging(session: Session): () => void;
  changed(session: Session): void;
  /** The past of these topics is written to it now. */
  replaying(session: Session, patterns: readonly string[]): void;
  /** It rests upon another token: in the place of those before it, or beside them. */
  granted(session: Session, grant: Grant, replaces: boolean): void;
  closed(session: Session): void;
  /** What is known of the sessions of a user. */
  find(tenant: string, user: string): Pick<JournalPart, 'forgottenMs' | 'records'>;
  /** Ended ones go when they are too old: to be called now and then, for where nothing else happens. */
  forgetOld(): void;
}

export interface JournalOptions extends EntryParts {
  /** What ended sessions may take, in about bytes; those that are open take as much each. */
  readonly maxBytes: number;
  /** How long ended ones are kept. */
  readonly maxAgeMs: number;
}

// One answer to another node; it may have 900,000, of which those that were heard take 150,000.
const MOST_ANSWERED_BYTES = 700_000;

interface Open {
  entry: JournalEntry;
  readonly session: Session;
}

export function createJournal({ maxBytes, maxAgeMs, ...parts }: JournalOptions): Journal {
  const { clock } = parts;
  const open = new Map<string, Open>();
  /** In the order in which they ended. */
  const ended = new Set<JournalEntry>();
  let endedBytes = 0;
  const byOwner = new Map<string, Set<JournalEntry>>();
  let forgottenMs = 0;

  function keep(entry: JournalEntry): void {
    const own = byOwner.get(entry.owner) ?? new Set();
    byOwner.set(entry.owner, own);
    own.add(entry);
  }

  function end(entry: JournalEntry, how: string): void {
    entry.end(how);
    ended.add(entry);
    endedBytes += entry.bytes;
    forgetOld();
  }

  function forgetOld(): void {
    const beforeMs = clock.now() - maxAgeMs;
    for (const entry of ended) {
      const { closedMs = 0 } = entry;
      if (endedBytes <= maxBytes && closedMs >= beforeMs) return;
      ended.delete(entry);
      endedBytes -= entry.bytes;
      forgottenMs = Math.max(forgottenMs, closedMs);
      const own = byOwner.get(entry.owner);
      own?.delete(entry);
      if (own?.size === 0) byOwner.delete(entry.owner);
    }
  }

  const entryOf = ({ id }: Session): JournalEntry | undefined => open.get(id)?.entry;

  return {
    opened(session, grant, cursor) {
      const { id, tenant, user } = session;
      if (user === undefined) return;
      const entry = new JournalEntry(ownerOf(tenant, user), firstRecord(session, grant, cursor), parts);
      open.set(id, { entry, session });
      keep(entry);
    },
    began: (session, join) => entryOf(session)?.began(join),
    gap(session, to, reason) {
      const found = open.get(session.id);
      // Of a gap at its beginning `began` knows.
      if (!found?.entry.begun) return;
      const { entry } = found;
      if (reason !== 'reset') return entry.gap(session, to);
      // The feed's places are of another log already: of the old one it had what it has an id of.
      entry.look(session, session.cursorSeq);
      end(entry, 'log-began-anew');
      found.entry = entry.renewed(to);
      keep(found.entry);
    },
    lagging(session) {
      const entry = session.lag === 'latest' ? entryOf(session) : undefined;
      return entry?.lagging(session) ?? (() => {});
    },
    changed: (session) => entryOf(session)?.changed(session),
    replaying: (session, patterns) => entryOf(session)?.replaying(session, patterns),
    granted: (session, grant, replaces) => entryOf(session)?.granted(session, grant, replaces),
    closed(session) {
      const entry = entryOf(session);
      if (entry === undefined) return;
      open.delete(session.id);
      // Where the log was lost its place is of another one, or behind a hole.
      entry.look(session, session.goodbye === 'unavailable' ? session.cursorSeq : session.position);
      end(entry, session.goodbye ?? 'gone');
    },
    find(tenant, user) {
      forgetOld();
      const entries = [...(byOwner.get(ownerOf(tenant, user)) ?? [])];
      for (const entry of entries) {
        const found = open.get(entry.id);
        if (found?.entry === entry && entry.begun) entry.look(found.session);
      }
      const records: SessionRecord[] = [];
      let bytes = 0;
      // The newest first, and no more of them than are answered: a user may have made very many.
      for (const { record } of entries.reverse()) {
        bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
        if (bytes > MOST_ANSWERED_BYTES) return { forgottenMs: clock.now(), records };
        records.push(record);
      }
      return { forgottenMs, records };
    },
    forgetOld,
  };
}

const ownerOf = (tenant: string, user: string): string => `${tenant}\n${user}`;
