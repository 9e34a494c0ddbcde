import type { TidingsEvent } from './event.ts';
import { createEventQueue } from './event-queue.ts';
import { openFinite } from './finite.ts';
import { createHub } from './hub.ts';
import { createNotices } from './notices.ts';
import { createSharedStream } from './shared-stream.ts';
import { createSubscription, type HeldSubscription } from './subscription.ts';
import type { EventStream, StreamOptions, Subscription, Tidings, TidingsOptions } from './tidings.ts';
import type { TopicMap } from './topic-types.ts';

const MOST_WAITING = 10_000;

type Handler = (event: TidingsEvent) => void;

/**
 * Creates a client. It connects with the first subscription, and shares its connection with the other tabs of the browser.
 *
 * @example
 * const tidings = createTidings<{ 'orders.*': Order }>({ token: () => fetch('/token').then((answer) => answer.text()) });
 * tidings.subscribe('orders.42', ({ data }) => show(data.state), { replay: 'last' });
 * for await (const { data } of tidings.subscribe('chat.7', { until: 'final' })) write(data);
 */
export function createTidings<Topics extends TopicMap = Record<string, unknown>>({
  url = globalThis.location?.origin,
  token,
  user,
  cursor,
  signal: life,
}: TidingsOptions = {}): Tidings<Topics> {
  const base = `${url}`.replace(/\/$/, '');
  const hub = createHub(base, token);
  const notices = createNotices();
  const stream = createSharedStream(hub, notices, user && `tidings ${base} ${user}`, cursor);
  const open = new Set<HeldSubscription>();

  function begin(topic: string, handle: Handler, { replay, until, signal }: StreamOptions): HeldSubscription {
    // Not before: a server that renders the page has no origin, and subscribes to nothing.
    if (!url) throw new TypeError('url is missing');
    const past = replay === 'none' || until ? undefined : replay;
    const abort = (): void => subscription.unsubscribe();
    let leave = (): void => {
      stream.subscriptions.delete(subscription);
      stream.changed();
    };
    const subscription = createSubscription(
      { key: Math.random(), topic, replay: past, live: until && true },
      handle,
      () => {
        open.delete(subscription);
        signal?.removeEventListener('abort', abort);
        leave();
      },
    );
    open.add(subscription);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted || stream.state === 'closed') abort();
    else if (until) leave = openFinite(hub, subscription, replay, notices).close;
    else {
      stream.subscriptions.add(subscription);
      stream.changed();
    }
    return subscription;
  }

  function loop(topic: string, options: StreamOptions): EventStream<unknown> {
    const queue = createEventQueue(options.maxWaiting ?? MOST_WAITING, (error) => subscription.end(error));
    const subscription = begin(topic, queue.push, options);
    subscription.ended.then(() => queue.end(), queue.end);
    return { ...subscription, [Symbol.asyncIterator]: () => queue.loop };
  }

  function subscribe(topic: string, second: Handler | StreamOptions = {}, third: StreamOptions = {}): Subscription {
    return typeof second === 'function' ? begin(topic, second, third) : loop(topic, second);
  }

  function close(): void {
    for (const subscription of open) subscription.unsubscribe();
    stream.close();
  }

  life?.addEventListener('abort', close);
  if (life?.aborted) close();
  return {
    get state() {
      return stream.state;
    },
    get session() {
      return stream.session;
    },
    get cursor() {
      return stream.cursor;
    },
    subscribe: subscribe as Tidings<Topics>['subscribe'],
    on: notices.on,
    close,
  };
}
