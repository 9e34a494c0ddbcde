import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { vi } from 'vitest';
import type { Chance } from '../../../../loadtest/src/chaos/chance.ts';

/** One tab: what runs in it sees locks, channels and requests as its own. */
export interface FakeTab {
  readonly alive: boolean;
  /** Whether it has a stream open, or asks for one. */
  readonly streams: number;
  run<Result>(act: () => Result): Result;
  /** Ends it in the middle of whatever it does: of what it told others, some have less than others. */
  kill(): void;
  /** Breaks its connections. */
  cut(): void;
}

interface Held {
  readonly tab: Tab;
  readonly grant: () => void;
  readonly steal: () => void;
}

const MOST_DELAY_MS = 8;

class Tab implements FakeTab {
  alive = true;
  streams = 0;
  readonly requests = new Set<AbortController>();
  readonly #browser: FakeBrowser;

  constructor(browser: FakeBrowser) {
    this.#browser = browser;
  }

  run<Result>(act: () => Result): Result {
    return this.#browser.inside.run(this, act);
  }

  kill(): void {
    this.alive = false;
    this.cut();
    this.#browser.forget(this);
  }

  cut(): void {
    for (const request of this.requests) request.abort(new TypeError('network error'));
  }
}

/**
 * What tabs share of a browser, for as many of them as wanted in one process: locks and channels. Messages are delayed at
 * random: those of one tab to another stay in order, as everywhere, and nothing else is promised.
 */
export class FakeBrowser {
  readonly inside: AsyncLocalStorage<Tab> = new AsyncLocalStorage();
  readonly #chance: Chance;
  readonly #channels = new Map<Channel, Tab>();
  readonly #locks = new Map<string, Held[]>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  open(): FakeTab {
    return new Tab(this);
  }

  /** Puts the browser in the place of the platform's, until the test ends. */
  install(): void {
    const browser = this;
    const { fetch } = globalThis;
    vi.stubGlobal('document', { visibilityState: 'visible', addEventListener() {}, removeEventListener() {} });
    vi.stubGlobal('navigator', { locks: { request: browser.request.bind(browser) } });
    vi.stubGlobal(
      'BroadcastChannel',
      class extends Channel {
        constructor(name: string) {
          super(name, browser);
          browser.#channels.set(this, browser.inside.getStore() as Tab);
        }
      },
    );
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const tab = browser.inside.getStore();
      if (tab === undefined) return fetch(url, init);
      const aborter = new AbortController();
      tab.requests.add(aborter);
      const isStream = url.endsWith('/v1/stream');
      if (isStream) tab.streams += 1;
      init.signal?.addEventListener('abort', () => {
        aborter.abort(init.signal?.reason);
        tab.requests.delete(aborter);
        if (isStream) tab.streams -= 1;
      });
      if (!tab.alive) return new Promise<Response>(() => {});
      return fetch(url, { ...init, signal: aborter.signal });
    });
  }

  forget(tab: Tab): void {
    for (const [name, queue] of this.#locks) {
      const wasHeld = queue[0]?.tab === tab;
      const rest = queue.filter((each) => each.tab !== tab);
      this.#locks.set(name, rest);
      if (wasHeld) void this.#grant(name);
    }
  }

  /** Whatever is in flight from a tab that is gone is lost from some message on, for each receiver another. */
  post(from: Channel, data: unknown): void {
    const sender = this.#channels.get(from) as Tab;
    if (!sender.alive) return;
    for (const [channel, tab] of this.#channels) {
      if (channel === from || channel.name !== from.name) continue;
      const text = structuredClone(data);
      const last = channel.lasts.get(sender) ?? Promise.resolve();
      const waitMs = this.#delayMs(0.3);
      const next = last.then(async () => {
        if (waitMs > 0) await delay(waitMs);
        if (!sender.alive && this.#chance.happens(0.2)) channel.deaf.add(sender);
        if (tab.alive && !channel.closed && !channel.deaf.has(sender)) {
          tab.run(() => channel.onmessage?.({ data: text } as MessageEvent));
        }
      });
      channel.lasts.set(sender, next);
    }
  }

  request(name: string, ...args: unknown[]): Promise<unknown> {
    const tab = this.inside.getStore() as Tab;
    const callback = args.pop() as () => unknown;
    const { signal, steal } = (args.pop() ?? {}) as LockOptions;
    if (!tab.alive) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const held: Held = {
        tab,
        grant: () => {
          const answer = tab.run(() => Promise.resolve(callback()));
          void answer.then(resolve, reject).then(() => {
            const queue = this.#locks.get(name) ?? [];
            if (queue[0] !== held) return;
            queue.shift();
            void this.#grant(name);
          });
        },
        steal: () => reject(new DOMException('stolen', 'AbortError')),
      };
      const queue = this.#locks.get(name) ?? [];
      this.#locks.set(name, queue);
      if (steal) {
        queue.shift()?.steal();
        queue.unshift(held);
        held.grant();
        return;
      }
      signal?.addEventListener('abort', () => {
        const place = queue.indexOf(held);
        if (place > 0) queue.splice(place, 1);
        reject(signal.reason);
      });
      queue.push(held);
      if (queue.length === 1) void this.#grant(name);
    });
  }

  #delayMs(probability: number): number {
    return this.#chance.happens(probability) ? this.#chance.between(0, MOST_DELAY_MS) : 0;
  }

  async #grant(name: string): Promise<void> {
    const [next] = this.#locks.get(name) ?? [];
    if (next === undefined) return;
    await delay(this.#delayMs(0.5));
    if (this.#locks.get(name)?.[0] === next && next.tab.alive) next.grant();
  }
}

class Channel {
  readonly name: string;
  readonly lasts = new Map<Tab, Promise<void>>();
  readonly deaf = new Set<Tab>();
  readonly #browser: FakeBrowser;
  closed = false;
  onmessage: ((event: MessageEvent) => void) | undefined;

  constructor(name: string, browser: FakeBrowser) {
    this.name = name;
    this.#browser = browser;
  }

  postMessage(data: unknown): void {
    this.#browser.post(this, data);
  }

  close(): void {
    this.closed = true;
  }
}
