import type { TokenIdentity } from '@tidings/auth';
import type { Interest, Selection } from '@tidings/broker';
import {
  encodeBye,
  encodeCursor,
  encodeCursorBlock,
  encodeGap,
  encodeHeartbeat,
  encodeLive,
  encodeTopics,
  type Frame,
  type GapReason,
  type Goodbye,
  toMatcher,
} from '@tidings/protocol';
import { cursorOf, type Feed } from './feed.ts';
import type { FinalTracker } from './final-tracker.ts';
import type { Format, Item } from './item.ts';
import { jitter } from './jitter.ts';
import type { Outbox } from './outbox.ts';
import type { Router, Subscriber } from './router.ts';
import type { BeginWriting, Interruption, SessionEvents } from './session-events.ts';
import type { SessionTraits } from './session-traits.ts';

const LIVE = encodeLive();
const HEARTBEAT = encodeHeartbeat();
const CURSOR_BLOCK_MS = 60_000;

/**
 * One open stream. It is `live`, in the router and without a position of its own; or it is `catching-up` and has nothing
 * but its position, from which it is fed until it has reached the feed; or it is `closed`.
 */
export class Session implements Subscriber {
  readonly id: string;
  readonly tenant: string;
  readonly user: string | undefined;
  readonly sinceMs: number;
  readonly format: Format;
  readonly lag: 'resume' | 'latest';
  readonly outbox: Outbox;
  readonly #finals: FinalTracker | undefined;
  readonly #router: Router<Session>;
  readonly #feed: Feed;
  readonly #events: SessionEvents;
  #topics: readonly string[];
  /** Set where the topics changed since the session was last live: what is being read was selected before. */
  #isWanted: ((topic: string) => boolean) | undefined = undefined;
  #interest: Interest | undefined = undefined;
  #state: 'catching-up' | 'live' | 'closed' = 'catching-up';
  #lastOrdinal = 0;
  #cursorMs = Number.NEGATIVE_INFINITY;
  #wasLive = false;
  /** Everything up to here is done, while catching up and at the end. */
  position = 0;
  /** The newest place whose id the client has. */
  cursorSeq = 0;
  /** What lies after this place was for it to have. */
  beganSeq = 0;
  /** Published events written. */
  delivered = 0;
  /** The tokens that it rests upon. */
  tokens: readonly TokenIdentity[];
  /** Why it was closed; `undefined` while it is open, and when the client left. */
  goodbye: Goodbye | undefined = undefined;
  /** It fell behind after it was live, and has not caught up since. */
  lagged = false;

  constructor(traits: SessionTraits, outbox: Outbox, router: Router<Session>, feed: Feed, events: SessionEvents) {
    this.id = traits.id;
    this.tenant = traits.tenant;
    this.user = traits.user;
    this.sinceMs = traits.sinceMs;
    this.tokens = traits.tokens;
    this.#topics = traits.topics;
    this.format = traits.format;
    this.lag = traits.lag;
    this.outbox = outbox;
    this.#finals = traits.finals;
    this.#router = router;
    this.#feed = feed;
    this.#events = events;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  get live(): boolean {
    return this.#state === 'live';
  }

  get topics(): readonly string[] {
    return this.#topics;
  }

  /** It closes after the final event of every topic, which are then those that it began with. */
  get finite(): boolean {
    return this.#finals !== undefined;
  }

  get selection(): Selection {
    return { tenant: this.tenant, patterns: this.topics };
  }

  /** The feed has every event of its topics after this place. */
  get fedFrom(): number {
    return this.#interest?.from ?? 0;
  }

  /** Whether its topics are followed, as they are once it has begun. */
  get follows(): boolean {
    return this.#interest !== undefined;
  }

  /** Its topics are followed so, from now on; it is given up when they are others, and at the end. */
  follow(interest: Interest): void {
    this.#interest?.release();
    this.#interest = interest;
    if (this.closed) interest.release();
  }

  /** How many places of the log it is behind; 0 while it is live. */
  get lagPlaces(): number {
    return this.live ? 0 : Math.max(0, this.#feed.position - this.position);
  }

  /** The cursor that the client has, or is about to have. */
  get cursor(): string {
    return cursorOf(this.#feed, this.cursorSeq);
  }

  /**
   * The hot path. The write itself comes at the end of the turn.
   *
   * Cost: three comparisons, a look-up of the shared frame and a push; nothing is allocated and nothing encoded.
   */
  deliver(item: Item): boolean {
    // Overlapping patterns name a session twice, and a session that lagged in this very turn is not live any more.
    if (item.ordinal === this.#lastOrdinal || this.#state !== 'live') return false;
    this.#lastOrdinal = item.ordinal;
    // It resumed ahead of this edge's feed, and has this one already.
    if (item.seq > 0 && item.seq <= this.cursorSeq) {
      this.#noteFinal(item);
      return false;
    }
    if (!this.write(item)) return false;
    if (this.#state === 'live' && this.outbox.lagging) this.#fallBehind();
    return true;
  }

  /** Writes one event, live or replayed. Answers whether it was this session's to have. */
  write(item: Item): boolean {
    const { message } = item;
    const wanted = message.exclude !== this.id && (this.#isWanted === undefined || this.#isWanted(message.topic));
    if (wanted) {
      this.outbox.write(item.frame(this.format));
      this.delivered += 1;
      if (item.seq > 0) this.cursorSeq = item.seq;
    }
    this.#noteFinal(item);
    return wanted;
  }

  /**
   * Writes an event of the past, on a topic that was added. It carries the stream's own cursor, so that the client's never
   * goes back.
   */
  writePast(item: Item): boolean {
    if (item.message.exclude === this.id) return false;
    this.cursorSeq = Math.max(this.cursorSeq, this.position);
    this.control(item.frameWithId(this.format, this.cursor));
    this.delivered += 1;
    return true;
  }

  /** From now on these are its topics, as its client is told; what was published on a new one before is not sent. */
  changeTopics(topics: readonly string[]): void {
    if (this.closed) return;
    const { live } = this;
    const before = this.#topics;
    if (live) this.#router.remove(this);
    this.#topics = topics;
    if (live) this.#router.add(this);
    else this.#isWanted = toMatcher(topics);
    this.control(encodeTopics(topics));
    this.#events.changed(this, before);
  }

  /** Tells that topics ended because a newer token does not grant them. */
  forbid(): void {
    this.control(encodeGap(this.cursor, this.cursor, 'forbidden'));
  }

  /**
   * Something is to be written that lies before what comes: it is once nobody else feeds the session, which is paused for
   * it and afterwards fed on.
   * @returns when that begins; `undefined` when the session was closed before.
   * @throws the reason of the signal when it is aborted first; what `begin` throws.
   */
  interrupt(begin: BeginWriting, signal: AbortSignal): Promise<Interruption | undefined> {
    return this.#events.interrupt(this, begin, signal);
  }

  #noteFinal(item: Item): void {
    if (this.#finals === undefined || item.seq === 0) return;
    this.#finals.note(item.topic, item.message.final);
    if (this.#state === 'live' && this.#finals.done) this.close('final');
  }

  /** Writes a block of the hub's own. */
  control(frame: Frame): void {
    this.outbox.write(frame);
  }

  /** Says that history up to `to` is gone; what follows comes after it. */
  gap(from: string, to: number, reason: GapReason): void {
    this.#events.gap(this, to, reason);
    this.control(encodeGap(from, cursorOf(this.#feed, to), reason));
    this.cursorSeq = to;
    this.beganSeq = to;
    this.position = to;
  }

  /**
   * The feed began anew in this turn: the log was recreated, and every place that is known here is of the old one; or
   * history was evicted before it could be fed. Who is live is told, and goes on. Anybody else is in the middle of what
   * is gone, or counts on its finals: they come back with their cursors, and are told then.
   */
  restart(oldEpoch: string, reason: 'expired' | 'reset'): void {
    if (this.#state !== 'live' || this.#finals !== undefined) {
      this.close('unavailable');
      return;
    }
    const head = this.#feed.ring.last;
    // Another edge was fed what this one was not.
    if (reason === 'expired' && this.cursorSeq >= head) return;
    this.gap(encodeCursor(oldEpoch, this.cursorSeq), head, reason);
  }

  /** Reached the feed: from here on the router feeds it. Nothing may be awaited since its last read of the ring. */
  goLive(): void {
    this.#state = 'live';
    this.#isWanted = undefined;
    this.lagged = false;
    this.#router.add(this);
    if (!this.#wasLive) this.control(LIVE);
    this.#wasLive = true;
    // In the replay a final event counts only if it is still the newest, which is known now.
    if (this.#finals?.done) this.close('final');
  }

  /** Keeps nothing but its position, which is the ring's: what is being routed was written. It must be fed from there. */
  pause(): void {
    this.#router.remove(this);
    this.#state = 'catching-up';
    this.position = Math.max(this.#feed.ring.last, this.cursorSeq, this.fedFrom);
  }

  #fallBehind(): void {
    this.pause();
    this.lagged = true;
    this.#events.lagging(this);
  }

  /**
   * Writes a heartbeat. When other topics moved the position it is an id-only block, at most once a minute, which keeps
   * the cursor of a quiet stream young.
   */
  beat(elapsedMs: number): void {
    if (!this.refreshCursor(elapsedMs)) this.control(HEARTBEAT);
  }

  /** Writes an id-only block if one is due; answers whether it was. */
  refreshCursor(elapsedMs: number): boolean {
    const reached = this.live ? this.#feed.position : this.position;
    if (reached <= this.cursorSeq || elapsedMs - this.#cursorMs < CURSOR_BLOCK_MS) return false;
    this.#cursorMs = elapsedMs;
    this.cursorSeq = reached;
    this.control(encodeCursorBlock(cursorOf(this.#feed, reached)));
    return true;
  }

  /** Says goodbye and ends the stream; the client may come back after `retryMs`. */
  close(reason: Goodbye, retryMs: number = jitter(1_000, 5_000)): void {
    if (this.#state === 'closed') return;
    this.goodbye = reason;
    this.control(encodeBye(reason, retryMs));
    this.#leave();
    this.outbox.end();
    this.#events.closed(this);
  }

  /** The connection is gone: nothing can be said any more. */
  drop(): void {
    if (this.#state === 'closed') return;
    this.#leave();
    this.outbox.close();
    this.#events.closed(this);
  }

  #leave(): void {
    if (this.#state === 'live') this.pause();
    this.#state = 'closed';
    this.#interest?.release();
  }
}
