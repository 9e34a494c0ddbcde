import type { Message } from '@tidings/protocol';
import type { TraceContext } from '@tidings/runtime';
import type { Schedules } from './schedule-port.ts';

/** What a publisher asks to have stored or fed. Every field was validated before it comes here. */
export interface PublishInput {
  readonly tenant: string;
  readonly topic: string;
  /** Empty for an unnamed event. */
  readonly event: string;
  /** Payload as UTF-8, as delivered. The broker keeps it: the caller must not change it afterwards. */
  readonly data: Uint8Array;
  /** Whether `data` is JSON text that stands for a value. */
  readonly json: boolean;
  readonly final: boolean;
  /** Session that must not get it; empty for none. */
  readonly exclude: string;
  /** `false`: fed live to whoever listens now, at most once, never stored; `id` and `ttlSec` then mean nothing. */
  readonly store: boolean;
  /** Idempotency key: the same one on the same topic of the same tenant within the window is stored once. Empty: none. */
  readonly id: string;
  /** Whole seconds after which it leaves history; 0 keeps it for as long as history is kept. */
  readonly ttlSec: number;
}

/** Where an event went. */
export interface Receipt {
  readonly epoch: string;
  /** Its place in the log; 0 for a live-only event. A duplicate's is the place of the first. */
  readonly seq: number;
  readonly duplicate: boolean;
}

/** The events of a tenant on topics that match any of the patterns; each event once, however many match. */
export interface Selection {
  readonly tenant: string;
  readonly patterns: readonly string[];
}

/** A stretch of the log: after `after`, up to and including `upTo`. */
export interface Range {
  readonly after: number;
  readonly upTo: number;
}

/** A piece of history. */
export interface HistoryPage {
  /** Ascending by `seq`. */
  readonly messages: readonly Message[];
  /** Everything that was asked for up to here has been yielded. */
  readonly through: number;
}

/** Where a replay begins: before the last `count` matching events, or before the first event at or after `sinceMs`. */
export type ReplayStart = { readonly count: number } | { readonly sinceMs: number };

/** What somebody in this process is fed. */
export interface Interest {
  /**
   * Of what is stored after this place the feed has every event of the selection, until it is released; what lies before
   * may be missing in it, and is in history alone. It changes only when the feed begins anew.
   */
  readonly from: number;
  /** Nobody needs it any more. Idempotent. */
  release(): void;
}

/** Receives the single feed of a process. Its methods must not throw: a throwing sink is a programmer's mistake. */
export interface FeedSink {
  /** Once, before the first message. History up to `head` is not fed. */
  start(epoch: string, head: number): void;
  /**
   * Every event that is followed, and perhaps others: stored ones by strictly ascending `seq`, where deleted sequences are skipped and lost
   * ones never; live-only ones (`seq` 0) in between. The message is the sink's to keep.
   * @param trace the span that it was published by, where one is recorded: here alone, since history knows none.
   */
  message(message: Message, trace?: TraceContext): void;
  /**
   * Forget everything, go on from `head`. With a new epoch the log was recreated or restored. With the epoch that it had,
   * and a head that is not before the newest fed place, what lies between left history before it could be fed; with an
   * earlier head the end of the log was lost, and written anew from some place on.
   */
  restart(epoch: string, head: number): void;
  /** Stored events up to `through` that match were erased: forget them. */
  purged(selection: Selection, through: number): void;
}

export interface BrokerHealth {
  /** It works, or can come back by itself. */
  readonly live: boolean;
  /** It can take events now. */
  readonly ready: boolean;
  readonly detail: Readonly<Record<string, number | string>>;
}

/**
 * The log of events and its live feed: one total order over all topics and tenants, kept up to an age and a size.
 * A cursor is a place in that order, so one cursor is valid for any selection.
 */
export interface Broker {
  /** Dials. Until then the broker is idle. @throws TidingsError `unavailable`. */
  open(): Promise<void>;
  /** Identity of the log; a recreated log has another. Valid after `open`. */
  readonly epoch: string;
  /**
   * Resolves when the event is stored durably (what that means is the adapter's to say), and not before. Events of one
   * topic are stored in the order of the calls.
   * @param trace the span that it is published by, which goes with it to every feed.
   * @throws TidingsError `unavailable`: the outcome is unknown, and the call may be repeated with the same id.
   */
  publish(input: PublishInput, trace?: TraceContext): Promise<Receipt>;
  /** Opens the feed; resolves after `sink.start`. @throws TypeError when called twice. */
  openFeed(sink: FeedSink): Promise<void>;
  /**
   * From now on the feed has the selected events. A broker that is fed everything answers at once, with 0; one that is
   * sent only what is followed resolves when that is in force, and when `position()` has reached `from`. Needs an open feed.
   * @throws TidingsError `unavailable` when the broker is closed first.
   */
  follow(selection: Selection): Interest | Promise<Interest>;
  /** Up to here everything that is followed was fed; 0 before the feed is open. */
  position(): number;
  /**
   * `last` is the newest place; from `first` on nothing was evicted by age or size, so a cursor of `first - 1` or later
   * resumes exactly. Never older than the call.
   */
  bounds(): Promise<{ first: number; last: number }>;
  /**
   * The selected stored events in the range, ascending, complete, in pages of about a megabyte. Needs
   * `upTo <= position()`. Ends on abort with the signal's reason, never with a silent hole; what was evicted meanwhile
   * is missing, so compare `bounds` before and after.
   */
  history(selection: Selection, range: Range, signal: AbortSignal): AsyncIterable<HistoryPage>;
  /** Like `history`, but of each topic only the newest event in the range that is still kept. */
  latest(selection: Selection, range: Range, signal: AbortSignal): AsyncIterable<HistoryPage>;
  /**
   * The place right before the first event of a replay, such that `history` from there to `upTo` is that replay: `upTo`
   * itself when nothing matches. Ends on abort with the signal's reason.
   */
  startOf(selection: Selection, start: ReplayStart, upTo: number, signal: AbortSignal): Promise<number>;
  /** Events that wait for their time. Who may not publish has none: a TypeError. */
  readonly schedules: Schedules;
  /** Erases the selected stored events, and those that are scheduled; resolves once nobody can read them any more, in history or in a ring. */
  purge(selection: Selection): Promise<void>;
  health(): BrokerHealth;
  /** Takes no more, waits for what is under way, closes what was opened. Idempotent. */
  close(): Promise<void>;
}
