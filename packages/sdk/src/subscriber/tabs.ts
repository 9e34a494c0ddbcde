import type { Message, Want } from './message.ts';

/** The tabs of a browser that share one connection, as one of them sees it. */
export interface Tabs {
  /** Tells all others. */
  post(message: Message): void;
  close(): void;
}

export interface TabEvents {
  /** This tab has the connection from here on. */
  lead(): void;
  /** It has it no more: another tab took it over, since this one did not answer. */
  resign(): void;
  hear(message: Message): void;
  /** What this tab wants. */
  wants(): readonly Want[];
  /** A tab is gone. */
  left(tab: string): void;
}

// A leader that is asked answers at once, unless its page is frozen.
const ANSWER_MS = 2_000;
// It tells something at each heartbeat of the stream, which come every 60 s at the least (contract section 4).
const SILENCE_MS = 75_000;

/**
 * Joins the tabs of a name. A lock that one of them holds says who leads: when its page ends, whatever the reason, the
 * browser hands it to the next (W3C Web Locks).
 */
export function joinTabs(name: string, on: TabEvents): Tabs {
  const { locks } = navigator;
  const from = `${Math.random()}`;
  const channel = new BroadcastChannel(name);
  const known = new Set<string>();
  const life = new AbortController();
  const { signal } = life;
  let leads = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const post = (message: Message): void => {
    if (!signal.aborted) channel.postMessage({ ...message, from });
  };

  // A lock is held until its promise settles: to the end of the page or of the client.
  const hold = (): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

  function stand(options: LockOptions): void {
    const lead = (): Promise<void> | undefined => {
      if (signal.aborted) return undefined;
      leads = true;
      on.lead();
      ask();
      return hold();
    };
    locks.request(name, options, lead).catch(() => {
      if (signal.aborted) return;
      on.resign();
      leads = false;
      stand({ signal });
    });
  }

  function expectWithin(ms: number, otherwise: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(otherwise, ms);
  }

  // Asks what the others want and how things are, and takes the place of a leader that does not answer.
  function ask(): void {
    post({ asks: true, wants: on.wants() });
    expectWithin(ANSWER_MS, () => leads || stand({ steal: true }));
  }

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    const { from: tab = '', term } = data;
    if (term) expectWithin(SILENCE_MS, ask);
    if (!known.has(tab)) {
      known.add(tab);
      locks.request(name + tab, { signal }, () => on.left(tab)).catch(() => {});
    }
    on.hear(data);
  };
  document.addEventListener('visibilitychange', ask, { signal });
  // Held before others hear of this tab, or they would take it for gone.
  void locks.request(name + from, () => {
    ask();
    return hold();
  });
  stand({ signal });
  return {
    post,
    close() {
      life.abort();
      clearTimeout(timer);
      channel.close();
    },
  };
}
