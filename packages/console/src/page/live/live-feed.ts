import type { HubError, Subscription, Tidings, TidingsEvent } from '@tidings/sdk/subscriber';
import type { EventLog } from './event-log.ts';
import { toLiveEvent } from './live-entry.ts';
import type { Replay } from './topic-address.ts';

/** A topic or pattern that is followed, or was until it failed. */
export interface FollowedTopic {
  readonly topic: string;
  /** Events that it brought. One that several topics bring counts for each, and stands in the list once. */
  readonly received: number;
  /** Why nothing will come of it. */
  readonly fault: string;
}

/** What comes to the page, from all topics that it follows. */
export interface LiveFeed {
  readonly topics: readonly FollowedTopic[];
  readonly received: number;
  readonly bytes: number;
  follow(topic: string, replay: Replay): void;
  leave(topic: string): void;
  /** What came before may come again, by a replay. */
  forget(): void;
  close(): void;
}

export interface LiveFeedParts {
  readonly tidings: Tidings;
  readonly log: EventLog;
  /** Something is different from before; called for each event. */
  readonly changed: () => void;
  readonly now: () => number;
}

interface Followed {
  readonly subscription: Subscription;
  received: number;
  fault: string;
}

// Ids of as many events as the list may hold: what is older may stand in it twice.
const MOST_SEEN = 10_000;

export function createLiveFeed({ tidings, log, changed, now }: LiveFeedParts): LiveFeed {
  const followed = new Map<string, Followed>();
  const seen = new Set<string>();
  let newest: TidingsEvent | undefined;
  let number = 0;
  let received = 0;
  let bytes = 0;

  // Topics that overlap are handed the same event, one after the other; replays of them each their own copy.
  function isNew(event: TidingsEvent): boolean {
    if (event === newest) return false;
    newest = event;
    if (event.id === undefined) return true;
    if (seen.has(event.id)) return false;
    seen.add(event.id);
    if (seen.size > MOST_SEEN) seen.delete(seen.values().next().value as string);
    return true;
  }

  function take(event: TidingsEvent, isReplayed: boolean): void {
    if (!isNew(event)) return;
    number += 1;
    const entry = toLiveEvent(event, number, now(), isReplayed);
    received += 1;
    bytes += entry.bytes;
    log.push(entry);
  }

  const stopGaps = tidings.on('gap', (gap) => {
    // The stream is of the whole console: what other pages lack is none of this list's.
    if (followed.size === 0) return;
    number += 1;
    log.push({ kind: 'gap', number, gap, bytes: 0, arrivedMs: now() });
    changed();
  });

  const feed: LiveFeed = {
    get topics() {
      return [...followed].map(([topic, { received, fault }]) => ({ topic, received, fault }));
    },
    get received() {
      return received;
    },
    get bytes() {
      return bytes;
    },
    follow(topic, replay) {
      if (followed.get(topic)?.fault === '') return;
      let isReplaying = replay !== 'none';
      const handle = (event: TidingsEvent): void => {
        state.received += 1;
        take(event, isReplaying);
        changed();
      };
      const subscription = tidings.subscribe(topic, handle, { replay });
      const state: Followed = { subscription, received: 0, fault: '' };
      subscription.ready.then(
        () => {
          isReplaying = false;
        },
        // It is told by `ended` too.
        () => {},
      );
      subscription.ended.catch(({ message, code }: HubError) => {
        state.fault = `${message} (${code})`;
        changed();
      });
      followed.set(topic, state);
      changed();
    },
    leave(topic) {
      followed.get(topic)?.subscription.unsubscribe();
      followed.delete(topic);
      changed();
    },
    forget: () => seen.clear(),
    close() {
      stopGaps();
      for (const { subscription } of followed.values()) subscription.unsubscribe();
      followed.clear();
    },
  };
  return feed;
}
