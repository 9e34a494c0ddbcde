import { type InboxRead, toUserTopic } from '@tidings/protocol/client';
import type { HubError } from '../hub-error.ts';
import { callListener } from '../subscriber/call-listener.ts';
import { isForGood } from '../subscriber/connection.ts';
import type { Inbox, InboxOptions, InboxState } from './inbox.ts';
import { createInboxList, type InboxPage } from './inbox-list.ts';
import { createInboxRequest } from './inbox-request.ts';

const AGAIN_MS = 5_000;
// Many pages may have missed the same.
const SPREAD_MS = 1_000;

/**
 * Creates the inbox of a user: what is kept on `user.<id>`, which of it is read, on whichever page or device that was done, and
 * how many are not.
 *
 * @example
 * const inbox = createInbox<{ title: string }>({ client: tidings, user: 'alice', token });
 * inbox.onChange(() => showBell(inbox.state.unread));
 * await inbox.markRead(inbox.state.events[0].id);
 */
export function createInbox<Data = unknown>(options: InboxOptions): Inbox<Data> {
  const { client, user, limit = 20 } = options;
  const ask = createInboxRequest(options);
  const listeners = new Set<() => void>();
  let list = createInboxList();
  let state: InboxState<Data> = { status: 'idle', unread: 0, more: false, events: [], hasOlder: false };
  let stop = (): void => {};
  let life: object | undefined;
  let changes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Whose answer is on its way.
  let loading: object | undefined;

  function set(more: Pick<InboxState, 'status' | 'error'>): void {
    state = { ...(list.view() as InboxState<Data>), ...more };
  }

  function show(more: Pick<InboxState, 'status' | 'error'> = { status: state.status }): void {
    set(more);
    for (const listener of listeners) callListener(listener, undefined);
  }

  function loadSoon(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(loadOnce, ms);
  }

  // What is told while the answer is on its way may be newer than it, or not: then it is asked for again.
  async function load(): Promise<void> {
    const mine = life;
    clearTimeout(timer);
    try {
      let page: InboxPage;
      let before: number;
      do {
        before = changes;
        page = (await ask(`?limit=${limit}`)) as InboxPage;
      } while (before !== changes && mine === life);
      if (mine !== life) return;
      list.begin(page);
      show({ status: 'ready' });
    } catch (thrown) {
      if (mine !== life) return;
      const error = thrown as HubError;
      show({ status: state.status, error });
      if (!isForGood(error)) loadSoon(error.retryAfterMs ?? AGAIN_MS * (1 + Math.random()));
    }
  }

  // One at a time; whoever comes meanwhile has missed nothing by it, since it asks again.
  function loadOnce(): void {
    changes += 1;
    const mine = life;
    if (loading === mine) return;
    loading = mine;
    void load().finally(() => {
      if (loading === mine) loading = undefined;
    });
  }

  function take(read: Parameters<typeof list.mark>[0]): void {
    changes += 1;
    if (list.mark(read)) loadSoon(Math.random() * SPREAD_MS);
    show();
  }

  function start(): void {
    life = {};
    list = createInboxList();
    set({ status: 'pending' });
    const subscription = client.subscribe(toUserTopic(user), (event) => {
      list.add(event);
      show();
    });
    let isReady = false;
    // Whatever came before is in the answer, and whatever comes after on the stream.
    subscription.ready.then(
      () => {
        isReady = true;
        loadOnce();
      },
      () => {},
    );
    subscription.ended.catch((error) => show({ status: state.status, error }));
    const ends = [
      client.on('read', (read: InboxRead) => {
        if (read.user === user) take(read);
      }),
      client.on('gap', loadOnce),
      // Notices are live alone: those of the time without a connection are in the answer.
      client.on('state', ({ state }) => {
        if (state === 'open' && isReady) loadOnce();
      }),
    ];
    stop = () => {
      life = undefined;
      clearTimeout(timer);
      for (const end of ends) end();
      subscription.unsubscribe();
      set({ status: 'idle' });
    };
  }

  async function mark(marks: { upTo?: string; ids?: readonly string[] }): Promise<void> {
    take((await ask('/read', marks)) as Omit<InboxRead, 'after'>);
  }

  return {
    get state() {
      return state;
    },
    onChange(listener) {
      const each = (): void => listener();
      listeners.add(each);
      if (listeners.size === 1) start();
      return () => {
        if (listeners.delete(each) && listeners.size === 0) stop();
      };
    },
    markRead: (...ids) => mark({ ids }),
    async markAllRead() {
      const [newest] = state.events;
      if (newest) await mark({ upTo: newest.id });
    },
    async loadOlder() {
      const { next } = list;
      if (!next) return;
      const mine = list;
      const page = (await ask(`?limit=${limit}&before=${next}`)) as InboxPage;
      if (mine === list && list.next === next) list.extend(page);
      show();
    },
  };
}
