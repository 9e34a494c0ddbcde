import type { GapReason } from '@tidings/protocol';
import type { Cancellation } from './read-deadline.ts';
import type { Session } from './session.ts';

/** What happens to a session that others must act on. */
export interface SessionEvents {
  /** It was live and its client reads too slowly: it must be fed from the ring or from history. */
  lagging(session: Session): void;
  /** As `Session.interrupt`. */
  interrupt(session: Session, begin: BeginWriting, signal: AbortSignal): Promise<Interruption | undefined>;
  /** Its topics are others now. @param before those until now. */
  changed(session: Session, before: readonly string[]): void;
  /** It is told that what lies up to `to` is gone; its place is not there yet. */
  gap(session: Session, to: number, reason: GapReason): void;
  /** It was closed by us, or its connection is gone. Once. */
  closed(session: Session): void;
}

/** Called when the turn has come: what it throws leaves the session as it was. Answers what writes. */
export type BeginWriting = () => (cancellation: Cancellation) => Promise<void>;

/** An interruption that has begun. */
export interface Interruption {
  /** Resolves when all is written, or can't be any more. */
  readonly written: Promise<void>;
}
