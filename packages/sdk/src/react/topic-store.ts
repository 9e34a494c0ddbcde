import type { HubError } from '../hub-error.ts';
import type { TidingsEvent } from '../subscriber/event.ts';
import type { SubscribeOptions, Tidings } from '../subscriber/tidings.ts';
import { actSoon } from './next-frame.ts';

/** How a hook's subscription is. */
export interface TopicStatus {
  /**
   * `idle`: there is no topic. `pending`: it is not in force yet, or what it replays is still coming. `live`. `ended`: seen to
   * its final event, closed, or refused for good.
   */
  readonly status: 'idle' | 'pending' | 'live' | 'ended';
  /** Why it ended, where it was refused. */
  readonly error?: HubError | undefined;
}

/** What came on a hook's topic. The object stays the same until something changes. */
export interface TopicState<Data = unknown> extends TopicStatus {
  /** The newest event. */
  readonly latest?: TidingsEvent<Data> | undefined;
  /** The newest `limit` events, oldest first. */
  readonly events: readonly TidingsEvent<Data>[];
}

/** What a hook is asked for. */
export interface TopicWish extends Pick<SubscribeOptions, 'replay' | 'until'> {
  /** How many events the state keeps. */
  readonly limit?: number;
  /** Gets each event at once, and the state none. */
  readonly handler?: (event: TidingsEvent) => void;
}

/** The state of one hook, outside of React. */
export interface TopicStore {
  /** That of the latest render; another `replay` or `until` needs another store. */
  wish: TopicWish;
  /** Subscribes until what it returns is called. `changed` is called once for all that comes within the time of a frame. */
  readonly subscribe: (changed: () => void) => () => void;
  readonly get: () => TopicState;
}

/** Nothing happens before `subscribe`: on a server, or when React throws away what it renders. */
export function createTopicStore(client: Pick<Tidings, 'subscribe'>, topic: string | undefined): TopicStore {
  const initial: TopicState = { status: topic ? 'pending' : 'idle', events: [] };
  let state = initial;

  function subscribe(changed: () => void): () => void {
    if (!topic) return () => {};
    const events: TidingsEvent[] = [];
    let status: TopicStatus = initial;
    let isOver = false;

    function show(): void {
      if (isOver) return;
      state = { ...status, latest: events.at(-1), events: [...events] };
      changed();
    }

    function change(next = status): void {
      status = next;
      actSoon(show);
    }

    function take(event: TidingsEvent): void {
      const { handler, limit = 1 } = store.wish;
      if (handler) handler(event);
      else {
        events.push(event);
        while (events.length > limit) events.shift();
        change();
      }
    }

    const subscription = client.subscribe(topic, take, store.wish);
    subscription.ready.then(
      () => change({ status: 'live' }),
      // So has it ended.
      () => {},
    );
    subscription.ended.catch((error) => error).then((error) => change({ status: 'ended', error }));
    return () => {
      isOver = true;
      subscription.unsubscribe();
    };
  }

  const store: TopicStore = { wish: {}, subscribe, get: () => state };
  return store;
}
