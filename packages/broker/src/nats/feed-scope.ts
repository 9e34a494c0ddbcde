import type { Msg, NatsError } from 'nats';
import { EVERYTHING } from '../everything.ts';
import type { Interest, Selection } from '../port.ts';
import type { RepairCause } from './feed-repair.ts';
import type { Link } from './link.ts';
import { ALL_LIVE, ALL_UNSTORED } from './subject.ts';

type Callback = (error: NatsError | null, message: Msg) => void;

/** The feed that a scope belongs to: what it may know of it, and ask. */
export interface ScopedFeed {
  /** Everything up to here was fed, or is nobody's here, or does not exist. */
  readonly position: number;
  /** Messages wait for what comes before them. */
  readonly waiting: boolean;
  /** None of the places after the position, up to this one, is anybody's here. @param subject what stands at the last. */
  pass(through: number, storedSubject: string): void;
  /** How far a read of a hole must come. */
  expect(place: number): void;
  /** Reads what is missing. */
  repair(cause: RepairCause): void;
  /** What was heard may be of another log. */
  doubt(): void;
  readonly takeStored: Callback;
  readonly takeUnstored: Callback;
  /** A callback whose throw ends the process, and not the client's reader alone. */
  guarded(take: (message: Msg) => void): Callback;
}

/** How much of the log a process is sent, and how it knows what it is not. */
export interface FeedScope {
  /** Whether it wants to hear which subject stands at which place. */
  readonly listensToIndex: boolean;
  /** Topics and patterns that are subscribed to; 0 where everything is sent. */
  readonly subscriptions: number;
  /** Subscribes. Called once. */
  open(feed: ScopedFeed): void;
  /** The feed begins after this place, in a log of this name. */
  restart(epoch: string, head: number): void;
  /** Whether what is stored under this subject is for the sink. */
  wants(storedSubject: string): boolean;
  /** Whether a live-only message is for the sink: one that comes for each of several patterns is one. */
  wantsUnstored(message: Msg, subject: string): boolean;
  /** The message of this place was fed. */
  fed(place: number): void;
  /** The feed has come further. */
  moved(): void;
  /** A message of this place came before its turn. */
  early(place: number): void;
  /** Whether a message can't stand at its place: that was passed as another's, though this one would have been sent. */
  contradicts(place: number, storedSubject: string): boolean;
  /** As `Broker.follow`. */
  follow(selection: Selection): Interest | Promise<Interest>;
  close(): void;
}

/** Every event of the log is sent: a place that does not come is missing. */
export function createWholeScope(live: Link): FeedScope {
  let feed: ScopedFeed | undefined;
  let subscriptions: { unsubscribe(): void }[] = [];
  return {
    listensToIndex: false,
    subscriptions: 0,
    open(scoped) {
      feed = scoped;
      subscriptions = [
        live.client.subscribe(ALL_LIVE, { callback: scoped.takeStored }),
        live.client.subscribe(ALL_UNSTORED, { callback: scoped.takeUnstored }),
      ];
    },
    restart() {},
    wants: () => true,
    wantsUnstored: () => true,
    fed() {},
    moved() {},
    early: () => feed?.repair('gap'),
    contradicts: () => false,
    follow: () => EVERYTHING,
    close() {
      if (!live.closed) for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
