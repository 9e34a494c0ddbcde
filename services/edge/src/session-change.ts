import { type Grant, identityOf, parseGrant, type TokenIdentity, type TopicClasses } from '@tidings/auth';
import { TidingsError } from '@tidings/protocol';
import { replayAdded } from './added-replay.ts';
import { mayRead } from './authorise.ts';
import { type BegunChange, busy, type ChangeTurns } from './change-turns.ts';
import { follow } from './follow.ts';
import type { Session } from './session.ts';
import type { BeginWriting } from './session-events.ts';
import type { EdgeParts } from './stream-opener.ts';
import { type AddedTopic, applyChange, type TopicChange } from './topic-change.ts';

/** A change of a live stream, found to be allowed by the token that it came with. */
export interface SessionChange extends TopicChange {
  readonly session: string;
  /** What the token grants, as `encodeGrant` writes it. */
  readonly grant: string;
}

export interface SessionChangeParts {
  readonly edge: EdgeParts;
  readonly classes: TopicClasses;
  readonly turns: ChangeTurns;
}

// A stream may be fed by somebody else, or changed; less than another node waits for the answer.
const PATIENCE_MS = 1_500;
const MOST_TOKENS = 16;

/**
 * Changes a session of this edge (contract section 4, "Changing a live stream"): its topics, and how long it may last where
 * the token is newer than the one that it rests upon.
 * @returns the topics in force; `undefined` when there is no such session of the token's subject.
 * @throws TidingsError `invalid-field` for a finite stream or too many topics; `unauthenticated` for a token that was just
 *   revoked; `unavailable` when the stream is still being fed what lies before the replay that is asked for.
 */
export async function changeSession(
  change: SessionChange,
  parts: SessionChangeParts,
): Promise<readonly string[] | undefined> {
  const session = parts.edge.registry.find(change.session);
  const grant = parseGrant(change.grant);
  if (grant === undefined) throw new TypeError('changeSession({ grant }): not what encodeGrant wrote');
  if (session === undefined || !isSubjectOf(grant, session)) return undefined;
  // One for all that is waited for: who asks is told within the time that another node waits.
  const aborter = new AbortController();
  const timer = parts.edge.clock.after(PATIENCE_MS, () => aborter.abort(busy()));
  try {
    const { signal } = aborter;
    return await parts.turns.take(session, signal, () => changeInTurn(session, grant, change, parts, signal));
  } finally {
    timer.cancel();
  }
}

async function changeInTurn(
  session: Session,
  grant: Grant,
  change: SessionChange,
  { edge, classes }: SessionChangeParts,
  signal: AbortSignal,
): Promise<BegunChange<readonly string[] | undefined>> {
  if (session.closed) return { answer: undefined, done: Promise.resolve() };
  const changesTopics = change.add.length + change.remove.length > 0;
  if (session.finite && changesTopics) {
    throw new TidingsError('invalid-field', 'The topics of a finite stream can not be changed: open another.');
  }
  // Before anything is done: what can't be done whole is not begun.
  const patterns = applyChange(session.topics, change);
  const following = changesTopics ? follow(edge.broker, { tenant: session.tenant, patterns }, { signal }) : undefined;
  const interest = following instanceof Promise ? await following : following;
  let taken = false;
  const begin = (): readonly string[] => {
    // Here, and not before the stream was waited for: whoever looked at the open streams meanwhile did not find this token.
    if (edge.revocations.isRevoked(grant)) throw new TidingsError('unauthenticated', 'Send a valid token.');
    renew(session, grant, change, edge, classes);
    const topics = applyChange(session.topics, change);
    if (interest !== undefined) session.follow(interest);
    taken = true;
    return topics;
  };
  try {
    const replays = change.add.filter(({ replay }) => replay !== 'none');
    if (replays.length > 0) return await beginReplays(session, replays, begin, edge, signal);
    const next = begin();
    if (changesTopics) session.changeTopics(next);
    session.outbox.flush();
    return { answer: session.closed ? undefined : next, done: Promise.resolve() };
  } finally {
    if (!taken) interest?.release();
  }
}

// Resolves when the replays begin, with what resolves when they have ended. The change is told once all is sent: a client
// that was cut before knows that it has to ask again.
async function beginReplays(
  session: Session,
  replays: readonly AddedTopic[],
  begin: () => readonly string[],
  edge: EdgeParts,
  signal: AbortSignal,
): Promise<BegunChange<readonly string[] | undefined>> {
  let next: readonly string[] | undefined;
  const beginWriting: BeginWriting = () => {
    const topics = begin();
    next = topics;
    return async (cancellation) => {
      const patterns = replays.map(({ topic }) => topic);
      edge.journal?.replaying(session, patterns);
      edge.webhooks?.replaying(session, patterns);
      for (const added of replays) await replayAdded(session, added, edge, cancellation);
      session.changeTopics(topics);
    };
  };
  const interruption = await session.interrupt(beginWriting, signal);
  return { answer: session.closed ? undefined : next, done: interruption?.written ?? Promise.resolve() };
}

// Who has no name is known by the token alone.
function isSubjectOf(grant: Grant, { tenant, user, tokens }: Session): boolean {
  if (grant.tenant !== tenant || grant.user !== user) return false;
  return user !== undefined || (grant.tokenId !== undefined && tokens.some(({ tokenId }) => tokenId === grant.tokenId));
}

// Takes a newer token in the place of those before it; what an older one grants rests upon that one too.
function renew(session: Session, grant: Grant, change: SessionChange, edge: EdgeParts, classes: TopicClasses): void {
  const identity = identityOf(grant);
  const expiresAtMs = grant.expiresAtSec * 1000;
  const isNew = isNewer(grant, session, edge.registry.expiryOf(session));
  const extended = isNew && edge.registry.extend(session, expiresAtMs);
  if (extended) session.tokens = [identity];
  else if (isNew || change.add.length > 0) restUpon(session, identity);
  if (isNew || change.add.length > 0) edge.journal?.granted(session, grant, isNew);
  if (!isNew) return;
  const forbidden = session.topics.filter((topic) => !mayRead(grant, topic, classes));
  if (forbidden.length === 0) return;
  session.forbid();
  if (session.finite) session.close('revoked');
  else session.changeTopics(session.topics.filter((topic) => !forbidden.includes(topic)));
}

function restUpon(session: Session, identity: TokenIdentity): void {
  const { tokenId, issuedAtSec } = identity;
  const { tokens } = session;
  if (tokens.some((token) => token.tokenId === tokenId && token.issuedAtSec === issuedAtSec)) return;
  if (tokens.length >= MOST_TOKENS) {
    throw new TidingsError('invalid-field', 'The stream rests upon too many tokens: send one that is newer than all.');
  }
  session.tokens = [...tokens, identity];
}

function isNewer({ issuedAtSec, expiresAtSec }: Grant, { tokens }: Session, expiresAtMs: number): boolean {
  const newestSec = Math.max(...tokens.map((token) => token.issuedAtSec ?? Number.NEGATIVE_INFINITY));
  if (issuedAtSec !== undefined && newestSec !== Number.NEGATIVE_INFINITY && issuedAtSec !== newestSec) {
    return issuedAtSec > newestSec;
  }
  return expiresAtSec * 1000 > expiresAtMs;
}
