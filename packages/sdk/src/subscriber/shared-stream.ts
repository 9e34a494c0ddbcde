import { HubError } from '../hub-error.ts';
import type { Hub } from './hub.ts';
import type { Message, Relayed, StreamReport, Want } from './message.ts';
import { createMultiplexer, type Multiplexer } from './multiplexer.ts';
import type { Notices } from './notices.ts';
import { isAfter } from './position.ts';
import type { HeldSubscription } from './subscription.ts';
import { joinTabs, type TabEvents, type Tabs } from './tabs.ts';
import type { ConnectionState } from './tidings.ts';
import { isLacking } from './topic-plan.ts';

/** The stream that this tab has or follows. */
export interface SharedStream {
  readonly state: ConnectionState;
  readonly session: string | undefined;
  readonly cursor: string | undefined;
  /** The subscriptions that get what comes. */
  readonly subscriptions: Set<HeldSubscription>;
  /** Takes note that subscriptions came or went, once for all that do so in one go. */
  changed(): void;
  close(): void;
}

/** @param name tabs of the same name share one stream; without one there is no sharing. */
export function createSharedStream(hub: Hub, notices: Notices, name?: string, from?: string): SharedStream {
  const subscriptions = new Set<HeldSubscription>();
  // What other tabs want, by tab: any of them may have to go on for all.
  const wanted = new Map<string, readonly Want[]>();
  let cursor = from;
  let state: ConnectionState = 'idle';
  let topics: readonly string[] = [];
  // The stream that is followed has not all that this tab had.
  let lacks = false;
  let session: string | undefined;
  let tabs: Tabs | undefined;
  let leader: Multiplexer | undefined;
  // Of the leader that is followed: a later one has a higher one.
  let term = 0;
  let isStarted = false;
  let isChanged = false;

  const ownWants = (): Want[] => [...subscriptions].map(({ want }) => want);
  const wants = (): Want[] => [...ownWants(), ...[...wanted.values()].flat()];

  const keepWanted = (isKept: (want: Want) => boolean): void =>
    wanted.forEach((list, tab) => void wanted.set(tab, list.filter(isKept)));

  function setState(next: ConnectionState, reason?: StreamReport['reason']): void {
    if (state === next) return;
    state = next;
    notices.tell('state', { state, reason });
  }

  // Others may have been told more than this tab, or less, and a leader may not know yet what this tab had. Whoever misses
  // something says so, and all is told again from there.
  function hasMissed(place: string | undefined): boolean {
    if (!cursor || (place && !isAfter(place, cursor) && !lacks)) return false;
    tabs?.post({ missedAfter: cursor, wants: ownWants() });
    return true;
  }

  // Answers whether the next one may follow.
  function take({ event, id, data, before, keys }: Relayed): boolean {
    if (id) {
      if (before && hasMissed(before)) return false;
      if (!cursor || isAfter(id, cursor)) cursor = id;
      else if (!keys && event !== 'hub.gap') return true;
    }
    if (!data) return true;
    const said = JSON.parse(data);
    if (event?.startsWith('hub.')) notices.tell(event.slice(4) as 'gap', said);
    else for (const subscription of subscriptions) subscription.offer(said, keys);
    return true;
  }

  function look({ state: next, reason, cursor: place, done }: StreamReport): void {
    if (next === 'idle' && subscriptions.size === 0) cursor = undefined;
    // A leader that has just begun does not know how far others are; and what has been missed is not done.
    if (hasMissed(place)) return;
    cursor ??= place;
    setState(next, reason);
    for (const want of wants()) if (done.includes(want.key)) want.replay = undefined;
    beginAll();
  }

  // Whatever is in force already needs nothing to be asked for.
  function beginAll(): void {
    for (const { want, begin } of subscriptions) {
      if (want.replay || !topics.includes(want.topic)) continue;
      want.live = true;
      if (state === 'open') begin();
    }
  }

  function fail(error: HubError, topics: readonly string[]): void {
    const isKept = ({ topic }: Want): boolean => !topics.includes(topic);
    keepWanted(isKept);
    for (const subscription of subscriptions) if (!isKept(subscription.want)) subscription.end(error);
    notices.tell('error', error);
  }

  function failForAll(error: HubError, topics: readonly string[] = []): void {
    tabs?.post({ failure: { ...error, message: error.message, topics } });
    fail(error, topics);
  }

  const events: TabEvents = {
    lead() {
      // How far each tab has come with a replay, it says itself: this one may have been told more, or less.
      keepWanted(({ replay }) => !replay);
      const mine = Math.max(term + 1, Date.now());
      const tell = (message: Message): void => {
        const told = { ...message, term: mine };
        tabs?.post(told);
        events.hear(told);
      };
      leader = createMultiplexer(hub, wants, () => wanted.size === 0, tell, failForAll, cursor);
      leader.sync();
    },
    resign() {
      leader?.close();
      leader = undefined;
    },
    hear({ from: tab = '', wants: theirs, asks, missedAfter: place, term: told = 0, blocks, report, failure }) {
      if (theirs) wanted.set(tab, theirs);
      if (asks) {
        tabs?.post({ wants: ownWants() });
        leader?.report();
      }
      if (place) leader?.rewind(place);
      if (theirs) leader?.sync();
      // What a leader before has told may still arrive. Its stream had other topics: a cursor of it says nothing of these.
      if (told >= term) {
        term = told;
        if (report) ({ topics, session } = report);
        // Once for whatever is told together, and not for each block.
        lacks = !leader && isLacking(ownWants(), topics);
        blocks?.every(take);
        if (report) look(report);
      }
      if (failure) fail(new HubError(failure.code, failure.message, failure), failure.topics);
    },
    wants: ownWants,
    left(tab) {
      wanted.delete(tab);
      leader?.sync();
    },
  };

  function settle(): void {
    isChanged = false;
    if (state === 'closed') return;
    beginAll();
    tabs?.post({ wants: ownWants() });
    leader?.sync();
    if (isStarted) return;
    isStarted = true;
    // Only pages are tabs, and locks need HTTPS.
    if (name && globalThis.document && navigator.locks) tabs = joinTabs(name, events);
    else events.lead();
  }

  return {
    subscriptions,
    get state() {
      return state;
    },
    get session() {
      return session;
    },
    get cursor() {
      return cursor;
    },
    changed() {
      if (!isChanged) queueMicrotask(settle);
      isChanged = true;
    },
    close() {
      events.resign();
      tabs?.close();
      setState('closed');
    },
  };
}
