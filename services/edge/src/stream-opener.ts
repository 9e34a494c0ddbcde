import { type Grant, identityOf } from '@tidings/auth';
import type { Broker, Cluster } from '@tidings/broker';
import type { Audit, RevocationList, TenantTallies } from '@tidings/control';
import {
  encodeHello,
  encodeOpening,
  type Frame,
  type GapReason,
  MAX_CURSOR_CHARACTERS,
  TidingsError,
} from '@tidings/protocol';
import type { CallerLimits, Clock, Logger, Metrics, Timer, WriteLine } from '@tidings/runtime';
import type { Admission, Holder } from './admission.ts';
import { catchUp } from './catch-up.ts';
import type { Drain } from './drain.ts';
import { cursorOf, type Feed } from './feed.ts';
import { FinalTracker } from './final-tracker.ts';
import { type FiniteStart, findFiniteStart, holds } from './finite-start.ts';
import type { FlushQueue } from './flush-queue.ts';
import { follow } from './follow.ts';
import { jitter } from './jitter.ts';
import { findJoin } from './join.ts';
import type { Journal } from './journal.ts';
import { Outbox } from './outbox.ts';
import type { ReadBudget } from './read-budget.ts';
import { type Cancellation, unlessAborted } from './read-deadline.ts';
import type { Router } from './router.ts';
import { Session } from './session.ts';
import type { BeginWriting, Interruption, SessionEvents } from './session-events.ts';
import type { SessionRegistry } from './session-registry.ts';
import { softRetryMs } from './soft-answer.ts';
import type { StreamSocket } from './stream-socket.ts';
import type { StreamWish } from './stream-wish.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { WebhookFacts } from './webhook-facts.ts';

/** Everything that streams share in one edge. */
export interface EdgeParts {
  readonly broker: Broker;
  readonly cluster: Cluster;
  readonly feed: Feed;
  readonly router: Router<Session>;
  readonly registry: SessionRegistry;
  readonly admission: Admission;
  /** How often streams may be asked for; `undefined`: as often as anybody likes. */
  readonly connects: CallerLimits | undefined;
  readonly drain: Drain;
  readonly flushes: FlushQueue;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tallies: TenantTallies;
  readonly audit: Audit;
  readonly reads: ReadBudget;
  readonly revocations: Pick<RevocationList, 'isRevoked'>;
  readonly createSessionId: () => string;
  readonly lagMaxBytes: number;
  readonly lagMaxMs: number;
  readonly aheadWaitMs: number;
  /** `undefined`: there are no webhooks. */
  readonly webhooks: WebhookFacts | undefined;
  /** `undefined`: nothing is kept of sessions that ended. */
  readonly journal: Journal | undefined;
}

/** A request for a stream that was found to be allowed. */
export interface StreamOrder {
  readonly wish: StreamWish;
  readonly tenant: string;
  readonly topics: readonly string[];
  /** Whom it is counted for. */
  readonly holder: Holder;
  /** Of the token that it came with. */
  readonly grant: Grant;
  readonly anonymous: boolean;
  /** `Infinity` without a token. */
  readonly expiresAtMs: number;
  /** Where a finite stream begins, when that had to be known before its head. */
  readonly start: FiniteStart | undefined;
}

// Reconnect delays from 1 to 5 s, each opening encoded once and not for each of thousands that come at once.
const OPENINGS: readonly Frame[] = Array.from({ length: 401 }, (_, place) => encodeOpening(1_000 + 10 * place));

// A socket that does not take the goodbye would otherwise keep a closed stream's memory for as long as TCP tries.
const LINGER_MS = 5_000;

/**
 * Opens the session of a stream whose head is sent, and feeds it until it ends.
 * @param writeLine the stream's line in the log, written when it has ended.
 */
export function openSession(
  order: StreamOrder,
  socket: StreamSocket,
  id: string,
  parts: EdgeParts,
  writeLine?: WriteLine,
): Session {
  const outbox = new Outbox(socket, parts.flushes, parts.lagMaxBytes, parts.wheel);
  const finals = order.wish.untilFinal ? new FinalTracker(order.topics) : undefined;
  const { tenant, topics, grant, holder, wish } = order;
  const tokens = order.anonymous ? [] : [identityOf(grant)];
  const { user } = holder;
  const sinceMs = parts.clock.now();
  const traits = { id, tenant, user, tokens, sinceMs, topics, format: wish.format, lag: wish.lag, finals };
  const keeper = new Keeper(socket, holder, parts, writeLine);
  const session = new Session(traits, outbox, parts.router, parts.feed, keeper);
  keeper.watch(session);
  outbox.write(OPENINGS[jitter(0, OPENINGS.length - 1)] as Frame);
  parts.admission.enter(holder);
  // First, since a token that has ended meanwhile closes it at once.
  parts.journal?.opened(session, grant, wish.cursor?.slice(0, MAX_CURSOR_CHARACTERS));
  parts.webhooks?.opened(session);
  parts.registry.add(session, order.expiresAtMs);
  // It was not when the token was looked at, and whoever looks at the open streams has not seen this one.
  if (tokens.some(parts.revocations.isRevoked)) session.close('revoked');
  if (!session.closed) void keeper.feed(session, () => begin(session, order, finals, parts, keeper));
  return session;
}

/** Looks after an open stream: feeds it where it is not live, and gives back what it holds when it ends. */
class Keeper implements SessionEvents, Cancellation {
  readonly #socket: StreamSocket;
  readonly #holder: Holder;
  readonly #parts: EdgeParts;
  /** Only while it is being fed, and once something is read for it: an idle stream has none. */
  #aborter: AbortController | undefined;
  /** While it is being fed. */
  #feeding: Promise<void> | undefined;
  #closed = false;
  #gone = false;
  #linger: Timer | undefined;
  readonly #writeLine: WriteLine | undefined;

  constructor(socket: StreamSocket, holder: Holder, parts: EdgeParts, writeLine: WriteLine | undefined) {
    this.#writeLine = writeLine;
    this.#socket = socket;
    this.#holder = holder;
    this.#parts = parts;
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#closed) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  async feed(session: Session, run: () => Promise<void>): Promise<void> {
    const feeding = guarded(session, this.#parts, run);
    this.#feeding = feeding;
    await feeding;
    // It may have lagged again before this turn came: then somebody else feeds it already.
    if (this.#feeding !== feeding) return;
    this.#feeding = undefined;
    this.#aborter = undefined;
  }

  async interrupt(session: Session, begin: BeginWriting, signal: AbortSignal): Promise<Interruption | undefined> {
    while (this.#feeding !== undefined) await unlessAborted(signal, this.#feeding);
    if (session.closed) return undefined;
    const write = begin();
    session.pause();
    const written = new Promise<void>((resolve) => {
      void this.feed(session, async () => {
        await write(this).finally(resolve);
        await catchUp(session, 0, this.#parts, this);
      });
    });
    return { written };
  }

  lagging(session: Session): void {
    const { metrics, journal } = this.#parts;
    metrics.laggingSessions.inc();
    const caughtUp = journal?.lagging(session);
    const feed = this.feed(session, () => catchUp(session, 0, this.#parts, this));
    void feed.finally(() => {
      metrics.laggingSessions.dec();
      caughtUp?.();
    });
  }

  changed(session: Session, before: readonly string[]): void {
    this.#parts.journal?.changed(session);
    this.#parts.webhooks?.changed(session, before);
  }

  gap(session: Session, to: number, reason: GapReason): void {
    this.#parts.journal?.gap(session, to, reason);
    this.#parts.tallies.gap(session.tenant);
  }

  closed(session: Session): void {
    const { registry, admission, metrics, wheel, lagMaxMs } = this.#parts;
    this.#closed = true;
    this.#aborter?.abort();
    registry.remove(session);
    admission.leave(this.#holder);
    this.#parts.journal?.closed(session);
    this.#parts.webhooks?.closed(session);
    metrics.bytesSent.inc(session.outbox.takeSentBytes());
    metrics.connectionsClosed.inc({ reason: session.goodbye ?? 'gone' });
    if (!this.#gone) this.#lingerOn(session.outbox.takenBytes, wheel.elapsedMs + lagMaxMs);
  }

  // For as long as the client still takes some of what was written, and no longer than any slow client is given.
  #lingerOn(takenBytes: number, untilMs: number): void {
    const { wheel } = this.#parts;
    this.#linger = wheel.after(LINGER_MS, () => {
      const nowBytes = this.#socket.takenBytes;
      if (nowBytes > takenBytes && wheel.elapsedMs < untilMs) this.#lingerOn(nowBytes, untilMs);
      else this.#socket.destroy();
    });
  }

  /** Here and not where the session is opened: what is known there would be kept for as long as the stream lives. */
  watch(session: Session): void {
    this.#socket.onClose(() => this.gone(session));
  }

  /** The connection is gone. */
  gone(session: Session): void {
    this.#gone = true;
    this.#linger?.cancel();
    session.drop();
    this.#writeLine?.(200, {
      bytes: session.outbox.sentBytes,
      session: session.id,
      topics: session.topics.length,
      delivered: session.delivered,
      end: session.goodbye ?? 'gone',
    });
  }
}

async function begin(
  session: Session,
  order: StreamOrder,
  finals: FinalTracker | undefined,
  parts: EdgeParts,
  cancellation: Cancellation,
): Promise<void> {
  const { wish } = order;
  let { start } = order;
  const head = parts.feed.position;
  const following = follow(parts.broker, session.selection, cancellation);
  const interest = following instanceof Promise ? await following : following;
  // Its topics were changed meanwhile, and those that it has now are followed.
  if (session.follows) interest.release();
  else session.follow(interest);
  const { fedFrom } = session;
  const followed = { head, fedFrom };
  // Again, for as long as this edge is behind the cursor that it was given.
  while (finals !== undefined && (start === undefined || !holds(start, parts.feed))) {
    start = await findFiniteStart(wish, session.selection, followed, parts, cancellation.signal);
    cancellation.signal.throwIfAborted();
  }
  const join = start?.join ?? (await findJoin(wish, session.selection, followed, parts, cancellation));
  if (session.closed) return;
  for (const topic of start?.finished ?? []) finals?.note(topic, true);
  session.position = join.position;
  session.cursorSeq = join.position;
  session.beganSeq = join.position;
  const cursor = cursorOf(parts.feed, join.position);
  session.control(encodeHello(cursor, { session: session.id, topics: session.topics, resumed: join.resumed }));
  if (join.gap !== undefined) session.gap(join.gap.from, join.position, join.gap.reason);
  parts.journal?.began(session, join);
  parts.registry.greeted(session);
  if (wish.cursor !== undefined) {
    const inRing = join.position + 1 >= parts.feed.ring.first && join.position >= fedFrom;
    const source = join.gap !== undefined ? 'gap' : inRing ? 'ring' : 'history';
    parts.metrics.resumes.inc({ source });
    parts.tallies.resumed(session.tenant, source);
  }
  await catchUp(session, join.newestUpTo, parts, cancellation);
}

// A stream whose history can't be read is closed: its client comes back with its cursor, here or elsewhere. Another edge
// may well read what this one can't, so that is soon; what is wrong with ourselves may be so for longer.
async function guarded(session: Session, { log }: EdgeParts, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (session.closed) return;
    const expected = error instanceof TidingsError && error.code === 'unavailable';
    if (!expected) log.error({ err: error, session: session.id }, 'stream failed');
    session.close('unavailable', expected ? undefined : softRetryMs());
  }
}
