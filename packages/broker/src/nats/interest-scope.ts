import type { Clock, Timer } from '@tidings/runtime';
import type { Msg } from 'nats';
import { BulkSubscription } from './bulk-subscription.ts';
import type { FeedScope, ScopedFeed } from './feed-scope.ts';
import { type Followed, Interests } from './interests.ts';
import { type Link, within } from './link.ts';
import { lookBack, type ReadBegin, type ReadNewest } from './look-back.ts';
import { parseIndexNotice, type ReadNotice } from './place-index.ts';
import { toLatin1 } from './raw-message.ts';
import { fromIndexed, INDEX, LIVE_PREFIXES, PURGES, toIndexed } from './subject.ts';

export interface InterestScopeParts {
  readonly live: Link;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Reads the log. @throws whatever a read throws. */
  readonly read: (signal: AbortSignal) => ReadNewest;
  readonly begin: ReadBegin;
}

const PURGE = toIndexed(PURGES);
// Nobody's tenant, so nothing is ever sent there.
const NOTHING = '$.nothing';
// The feed is looked at so often while it waits. What a notice tells of has come before it, most often, so one look is
// enough where that is missing; a notice itself may be late by as much as its publisher is busy.
const LOOK_MS = 20;
const LOOKS_FOR_A_NOTICE = 5;
// What was followed for less may have been published before every server knew of it.
const YOUNG_MS = 1_000;
// Places that a read covers: what is missing is one event or many.
const LEAST_SPAN = 50;
const MOST_SPAN = 1_000;
const SPAN_GROWTH = 4;
const FLUSH_MS = 3_000;
// More than any notice may be late for; what is told beyond that is read from the log.
const MOST_INDEXED = 200_000;
const PASSED_REMEMBERED = 4_096;
// Beyond that nobody comes back to what was not followed meanwhile without a read of his own.
const MOST_LOOKED_BACK = 1_000_000;
const LOOK_BACK_MS = 1_000;

/**
 * The process is sent only what somebody here follows. Of everything else the publishers tell which subject stands at which
 * place, and a place is passed when that is nobody's here (ADR 0029). So the feed knows at once what it misses, as one does
 * that is sent everything, and its position means the same. A place that nobody tells of is read from the log.
 *
 * Cost of an event that nobody here follows: its share of a notice, and the look whether it is followed; two operations of a
 * map where notices of several publishers cross.
 */
export function createInterestScope({ live, clock, signal, read, begin }: InterestScopeParts): FeedScope {
  /** What stands after the position, as far as it was told. */
  const index = new Map<number, string>();
  const passed = new Float64Array(PASSED_REMEMBERED);
  let awaited: { readonly place: number; readonly resolve: () => void }[] = [];
  // The least of the awaited places: thousands may wait while the feed catches up, one place at a time.
  let soonest = Number.POSITIVE_INFINITY;
  let opened: ScopedFeed | undefined;
  let epoch = '';
  let otherEpoch = '';
  let newestHeard = 0;
  // Where the feed began.
  let head = 0;
  let looking: Timer | undefined;
  let looks = 0;
  let lookedAt = 0;
  let span = LEAST_SPAN;
  let subscription: { unsubscribe(): void } | undefined;

  const feed = (): ScopedFeed => opened as ScopedFeed;
  const [storedPrefix, unstoredPrefix] = LIVE_PREFIXES;
  const bulk = new BulkSubscription<Followed>([
    {
      prefix: storedPrefix,
      standing: storedPrefix + PURGE,
      callback: (error, message) => feed().takeStored(error, message),
    },
    {
      prefix: unstoredPrefix,
      standing: unstoredPrefix + NOTHING,
      callback: (error, message) => feed().takeUnstored(error, message),
    },
  ]);
  const interests = new Interests({
    bulk,
    clock,
    async flushed() {
      // While the connection is away nothing comes, and what does not come is read once it is back.
      if (live.connected) await within(FLUSH_MS, live.client.flush());
      signal.throwIfAborted();
    },
    newest: () => Math.max(newestHeard, feed().position),
    async lookBack(filters, upTo) {
      const after = Math.max(head, upTo - MOST_LOOKED_BACK);
      const found = lookBack(filters, { after, upTo }, read(AbortSignal.timeout(LOOK_BACK_MS)), begin);
      let earlier: ReadonlyMap<string, number> = new Map();
      // Nobody waits longer to be fed because others read history, or nobody leads.
      await within(
        LOOK_BACK_MS,
        found.then((places) => {
          earlier = places;
        }),
      );
      return earlier;
    },
    position: () => feed().position,
    reached: (place) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        awaited.push({ place, resolve });
        soonest = Math.min(soonest, place);
      }),
  });

  const isOurs = (subject: string, place: number): boolean => subject === PURGE || interests.covers(subject, place);

  const notePassed = (place: number): void => {
    passed[place % PASSED_REMEMBERED] = place;
  };

  // Passes the places that are nobody's here, up to one that is missing or not told of.
  function advance(): void {
    while (true) {
      let through = feed().position;
      let last = '';
      for (let next = index.get(through + 1); next !== undefined; next = index.get(through + 1)) {
        if (isOurs(next, through + 1)) break;
        through += 1;
        index.delete(through);
        notePassed(through);
        last = next;
      }
      if (last === '') break;
      feed().pass(through, fromIndexed(last));
    }
    noteReached(feed().position);
    if (index.size === 0 && !feed().waiting) return;
    const missing = index.get(feed().position + 1);
    if (missing !== undefined && interests.isYoung(missing, YOUNG_MS)) readOn(1);
    lookSoon();
  }

  // Lets those go on who wait for a place up to this one.
  function noteReached(through: number): void {
    if (soonest > through) return;
    const before = awaited;
    awaited = [];
    soonest = Number.POSITIVE_INFINITY;
    for (const waiting of before) {
      if (waiting.place <= through) {
        waiting.resolve();
      } else {
        awaited.push(waiting);
        soonest = Math.min(soonest, waiting.place);
      }
    }
  }

  function readOn(places: number): void {
    const { position } = feed();
    feed().expect(Math.min(position + places, Math.max(newestHeard, position + 1)));
    feed().repair('hole');
  }

  function lookSoon(): void {
    looking ??= clock.after(LOOK_MS, look);
  }

  function look(): void {
    looking = undefined;
    const { position, waiting } = feed();
    // Told of, and found not to be there any more.
    for (const place of index.keys()) if (place <= position) index.delete(place);
    if (index.size === 0 && !waiting) {
      span = LEAST_SPAN;
      return;
    }
    looks = position === lookedAt ? looks + 1 : 0;
    lookedAt = position;
    if (looks >= (index.has(position + 1) ? 1 : LOOKS_FOR_A_NOTICE)) {
      readOn(span);
      span = Math.min(span * SPAN_GROWTH, MOST_SPAN);
    }
    lookSoon();
  }

  function takeNotice(message: Msg): void {
    if (epoch === '') return;
    const notice = parseIndexNotice(toLatin1(message.data, 0, message.data.length));
    if (notice === undefined) return;
    if (notice.epoch !== epoch) {
      // Once for each: a publisher may be slower than this process to learn of it.
      if (notice.epoch !== otherEpoch) feed().doubt();
      otherEpoch = notice.epoch;
      return;
    }
    takePlaces(notice);
    advance();
  }

  // Most come in the order of the log, and the next is the one that the feed waits for: those are not put aside first.
  function takePlaces({ subjects, places }: ReadNotice): void {
    let through = feed().position;
    let last = '';
    const pass = (): void => {
      if (last !== '') feed().pass(through, fromIndexed(last));
      last = '';
      through = feed().position;
    };
    for (let at = 0; at < places.length; at += 1) {
      const place = places[at] as number;
      const subject = subjects[at] as string;
      if (place > newestHeard) newestHeard = place;
      if (place === through + 1) {
        if (!isOurs(subject, place)) {
          index.delete(place);
          notePassed(place);
          through = place;
          last = subject;
          continue;
        }
        // It waited for those, most often.
        pass();
      }
      if (place > through && index.size < MOST_INDEXED) index.set(place, subject);
    }
    pass();
  }

  return {
    listensToIndex: true,
    get subscriptions() {
      return interests.size;
    },
    open(scoped) {
      opened = scoped;
      live.subscribeInBulk(bulk);
      subscription = live.client.subscribe(INDEX, { callback: scoped.guarded(takeNotice) });
    },
    restart(name, place) {
      epoch = name;
      head = place;
      otherEpoch = '';
      index.clear();
      passed.fill(0);
      newestHeard = place;
      interests.restart(place);
      // They look anew.
      noteReached(Number.POSITIVE_INFINITY);
    },
    wants: (storedSubject) => interests.includes(toIndexed(storedSubject)),
    wantsUnstored(message, subject) {
      const first = interests.firstOf(subject.slice(unstoredPrefix.length));
      return first !== undefined && message.sid === first.sid + 1;
    },
    fed: (place) => void index.delete(place),
    moved: advance,
    early(place) {
      newestHeard = Math.max(newestHeard, place);
      lookSoon();
    },
    contradicts: (place, storedSubject) =>
      passed[place % PASSED_REMEMBERED] === place && interests.covers(toIndexed(storedSubject), place),
    follow: (selection) => interests.follow(selection),
    close() {
      looking?.cancel();
      interests.close();
      if (!live.closed) subscription?.unsubscribe();
      // Whoever waits finds that the process is closing.
      noteReached(Number.POSITIVE_INFINITY);
    },
  };
}
