import { createPatternTrie, isWildcard } from '@tidings/protocol';
import type { Clock, Timer } from '@tidings/runtime';
import type { Interest, Selection } from '../port.ts';
import type { BulkEntry, BulkSubscription } from './bulk-subscription.ts';
import { indexedFiltersOf } from './subject.ts';

/** A topic or pattern that somebody in this process follows. */
export interface Followed extends BulkEntry {
  /** Every place after this one that matches is this process's; `Infinity` until the server has the subscription. */
  from: number;
  /** Since when that is so, by the clock's `elapsed`. */
  sinceMs: number;
  followers: number;
  /** When the last follower left. */
  idleSinceMs: number;
}

export interface InterestsParts {
  readonly bulk: BulkSubscription<Followed>;
  readonly clock: Clock;
  /** Resolves when the server has taken every subscription so far, or is away. @throws once the connection is ended. */
  flushed(): Promise<void>;
  /** No place after this one was heard of yet. */
  newest(): number;
  /** As `lookBack`; where it fails, or takes long, nothing is known. */
  lookBack(filters: readonly string[], upTo: number): Promise<ReadonlyMap<string, number>>;
  /** How far the feed has come. */
  position(): number;
  /** Resolves when the feed has come so far, or begins anew. */
  reached(place: number): Promise<void>;
}

// Who reconnects, or leaves one page for the next, finds the subscription still there.
const LINGER_MS = 10_000;
const SWEEP_MS = 1_000;
// When very many leave at once, others must have their turn between.
const MOST_SWEPT = 2_000;

/**
 * What this process follows: one subscription for each topic and pattern, however many ask for it.
 *
 * Cost of a place that is asked about: one look-up, and where patterns are followed a walk as deep as the subject and any
 * of them agree.
 */
export class Interests {
  readonly #parts: InterestsParts;
  readonly #byFilter = new Map<string, Followed>();
  readonly #patterns = createPatternTrie<Followed>();
  readonly #idle = new Set<Followed>();
  readonly #sweeper: Timer;
  /** Those that the server was sent, and has not been asked about. */
  #fresh: Followed[] = [];
  #nextRound: Promise<void> | undefined = undefined;
  #round: Promise<void> = Promise.resolve();
  #restarts = 0;
  // Of the place that is asked about: a function for each would cost more than the walk.
  #asked = 0;
  #covered = false;
  readonly #look = ({ from }: Followed): void => {
    if (from < this.#asked) this.#covered = true;
  };

  constructor(parts: InterestsParts) {
    this.#parts = parts;
    this.#sweeper = parts.clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** Subscriptions that stand for topics and patterns. */
  get size(): number {
    return this.#byFilter.size;
  }

  /** As `Broker.follow`. */
  follow(selection: Selection): Interest | Promise<Interest> {
    const followed = indexedFiltersOf(selection).map((filter) => this.#enter(filter));
    const interest = new HeldInterest(followed, (entry) => this.#leave(entry));
    return interest.from <= this.#parts.position() ? interest : this.#comeInForce(interest);
  }

  /** Whether a place of this subject, as the index names it, is one that this process must be fed. */
  covers(subject: string, place: number): boolean {
    const exact = this.#byFilter.get(subject);
    if (exact !== undefined && exact.from < place) return true;
    if (this.#patterns.isEmpty) return false;
    this.#asked = place;
    this.#covered = false;
    this.#patterns.match(subject, this.#look);
    return this.#covered;
  }

  /** Whether anybody follows what this subject names. */
  includes(subject: string): boolean {
    return this.#byFilter.has(subject) || this.#patterns.matches(subject);
  }

  /** Whether all that match were followed only now: what was sent before may have gone nowhere. */
  isYoung(subject: string, ageMs: number): boolean {
    const beforeMs = this.#parts.clock.elapsed() - ageMs;
    return this.#matching(subject).every(({ sinceMs }) => sinceMs > beforeMs);
  }

  /** Of all that match the one that was followed first: a message that comes for each of them counts for this one. */
  firstOf(subject: string): Followed | undefined {
    const [first, ...others] = this.#matching(subject);
    return others.reduce((one, other) => (one !== undefined && one.sid < other.sid ? one : other), first);
  }

  /** The feed begins anew: what is in force counts from its head on. */
  restart(head: number): void {
    this.#restarts += 1;
    for (const entry of this.#byFilter.values()) if (entry.from !== Number.POSITIVE_INFINITY) entry.from = head;
  }

  close(): void {
    this.#sweeper.cancel();
  }

  #matching(subject: string): Followed[] {
    const found: Followed[] = [];
    const exact = this.#byFilter.get(subject);
    if (exact !== undefined) found.push(exact);
    if (!this.#patterns.isEmpty) this.#patterns.match(subject, (entry) => void found.push(entry));
    return found;
  }

  #enter(filter: string): Followed {
    let entry = this.#byFilter.get(filter);
    if (entry === undefined) {
      entry = { filter, sid: 0, from: Number.POSITIVE_INFINITY, sinceMs: 0, followers: 0, idleSinceMs: 0 };
      this.#byFilter.set(filter, entry);
      if (isWildcard(filter)) this.#patterns.add(filter, entry);
      this.#parts.bulk.add(entry);
      this.#fresh.push(entry);
    }
    entry.followers += 1;
    this.#idle.delete(entry);
    return entry;
  }

  #leave(entry: Followed): void {
    entry.followers -= 1;
    if (entry.followers > 0) return;
    entry.idleSinceMs = this.#parts.clock.elapsed();
    this.#idle.add(entry);
  }

  // They stand in the order in which they fell idle.
  #sweep(): void {
    const beforeMs = this.#parts.clock.elapsed() - LINGER_MS;
    let left = MOST_SWEPT;
    for (const entry of this.#idle) {
      if (entry.idleSinceMs > beforeMs || left === 0) return;
      left -= 1;
      this.#idle.delete(entry);
      this.#byFilter.delete(entry.filter);
      if (isWildcard(entry.filter)) this.#patterns.remove(entry.filter, entry);
      this.#parts.bulk.remove(entry);
    }
  }

  async #comeInForce(interest: HeldInterest): Promise<Interest> {
    try {
      while (interest.from === Number.POSITIVE_INFINITY) await this.#askServer();
      while (interest.from > this.#parts.position()) await this.#parts.reached(interest.from);
      return interest;
    } catch (error) {
      interest.release();
      throw error;
    }
  }

  // One question at a time; whoever comes while one is under way shares the next.
  #askServer(): Promise<void> {
    this.#nextRound ??= this.#round.then(() => {
      this.#nextRound = undefined;
      const now = this.#putInForce();
      this.#round = now.catch(() => {});
      return now;
    });
    return this.#nextRound;
  }

  // From the newest place on that was heard of, so that none is taken for another's which was looked at before; or from an
  // earlier one where the log has nothing of it in between.
  async #putInForce(): Promise<void> {
    const asked = this.#fresh;
    this.#fresh = [];
    await this.#parts.flushed();
    const restarts = this.#restarts;
    const newest = this.#parts.newest();
    const sinceMs = this.#parts.clock.elapsed();
    // At once: what comes while the log is read is theirs already.
    for (const entry of asked) Object.assign(entry, { from: newest, sinceMs });
    const earlier = await this.#parts.lookBack(
      asked.map(({ filter }) => filter),
      newest,
    );
    // In another log the same places mean others.
    if (restarts !== this.#restarts) return;
    for (const entry of asked) entry.from = earlier.get(entry.filter) ?? newest;
  }
}

/** What one of those who follow holds. */
class HeldInterest implements Interest {
  readonly #followed: readonly Followed[];
  readonly #leave: (entry: Followed) => void;
  #released = false;

  constructor(followed: readonly Followed[], leave: (entry: Followed) => void) {
    this.#followed = followed;
    this.#leave = leave;
  }

  get from(): number {
    let from = 0;
    for (const entry of this.#followed) from = Math.max(from, entry.from);
    return from;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const entry of this.#followed) this.#leave(entry);
  }
}
