import { EventSource as NodeEventSource } from 'eventsource';
import type { BrowserContext } from 'playwright-core';
import { expect, type TestContext, vi } from 'vitest';

/** A place where blocks of code of a guide are run: in this process, or in a browser where one is given. */
export interface Stage {
  /** Runs the block, as a page that is loaded does. */
  run(given?: Given): Promise<Run>;
  /** Publishes on a topic; more than data goes into the query. */
  publish(topic: string, data: unknown, query?: Record<string, string>): Promise<void>;
  /** Waits until so many streams get a topic. */
  streams(topic: string, count: number): Promise<void>;
  /** Marks everything in the inbox of a user as read, as another page does. */
  markAllRead(user: string): Promise<void>;
  /** Closes all streams, as an operator does. */
  kick(): Promise<void>;
  /** A token of the subscriber, newer than those before. */
  token(lifetimeSec?: number): Promise<string>;
  /** Sets the cookie of the browser. */
  setCookie(token: string): Promise<void>;
}

/** A block of code that was begun. */
interface Run {
  /** Waits until it has shown this, and nothing else. */
  shows(...shown: unknown[]): Promise<void>;
  /** Waits until it has opened so many streams, one after the other. */
  opened(count: number): Promise<void>;
  /** Tells it something on the newest of them, as the hub would. */
  hear(event: string, data: string): Promise<void>;
  /** What it has kept in `localStorage`. */
  kept(): Promise<Record<string, string>>;
  /** Its page is closed. */
  leave(): Promise<void>;
}

/** What the code of a guide calls, and says that the reader has. */
interface Given {
  /** What `newToken` answers, and `renewCookie` sets, one after the other. */
  readonly tokens?: readonly string[];
  readonly kept?: Record<string, string>;
}

export interface StageParts {
  readonly hub: string;
  readonly code: string;
  readonly mint: (tidings: object, lifetimeSec?: number) => Promise<string>;
  readonly visitor?: { readonly context: BrowserContext; readonly origin: string } | undefined;
}

// Far more than it takes: machines are busy at times.
const WAIT = { timeout: 30_000, interval: 100 };

export async function createStage({ onTestFinished }: TestContext, parts: StageParts): Promise<Stage> {
  const { hub, code, mint, visitor } = parts;
  const token = (lifetimeSec?: number): Promise<string> => mint({ subscribe: ['>'] }, lifetimeSec);
  const [subscriber, publisher] = await Promise.all([token(), mint({ publish: ['>'] })]);

  async function ask(path: string, bearer = subscriber, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${hub}/v1/${path}`, { ...init, headers });
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    return answer;
  }

  function runHere(block: Block): Run {
    const it = runBlock(block, NodeEventSource);
    const leave = async (): Promise<void> => it.opened.forEach((source) => void source.close());
    onTestFinished(leave);
    return toRun({
      ask: async (question) => question(it),
      hear: async (event, data) => void it.opened.at(-1)?.dispatchEvent(new MessageEvent(event, { data })),
      leave,
    });
  }

  async function runInBrowser(block: Block, { context, origin }: NonNullable<StageParts['visitor']>): Promise<Run> {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    await page.evaluate(`var block = (${runBlock})(${JSON.stringify(block)}, EventSource, localStorage)`);
    return toRun({
      ask: (question) => page.evaluate(`(${question})(block)`),
      hear: () => Promise.reject(new Error('not needed')),
      leave: () => page.close(),
    });
  }

  return {
    token,
    async run(given = {}) {
      const block = { hub, token: subscriber, code, ...given };
      return visitor ? runInBrowser(block, visitor) : runHere(block);
    },
    async publish(topic, data, query = {}) {
      const isText = typeof data === 'string';
      await ask(`topics/${topic}/events?${new URLSearchParams(query)}`, publisher, {
        method: 'POST',
        headers: { 'content-type': isText ? 'text/plain' : 'application/json' },
        body: isText ? data : JSON.stringify(data),
      });
    },
    streams: (topic, count) =>
      vi.waitFor(async () => {
        const { subscribers } = await (await ask(`topics/${topic}/presence`)).json();
        expect(subscribers).toBe(count);
      }, WAIT),
    async markAllRead(user) {
      const path = `users/${user}/inbox`;
      const { events } = await (await ask(path)).json();
      const headers = { 'content-type': 'application/json' };
      await ask(`${path}/read`, subscriber, { method: 'PATCH', headers, body: JSON.stringify({ upTo: events[0].id }) });
    },
    async kick() {
      const { sessions } = await (await ask('sessions')).json();
      for (const { id } of sessions) await ask(`sessions/${id}`, subscriber, { method: 'DELETE' });
    },
    async setCookie(value) {
      await visitor?.context.addCookies([{ name: 'tidings', value, url: hub }]);
    },
  };
}

interface Block extends Given {
  readonly hub: string;
  readonly token: string;
  readonly code: string;
}

interface BegunBlock {
  readonly opened: EventSource[];
  readonly shown: unknown[][];
  readonly kept: Record<string, string>;
}

// Runs a block as the body of a function that knows what a guide says its reader has. It refers to nothing outside of it:
// it is run in a browser too.
function runBlock(
  { hub, token, code, tokens = [], kept = {} }: Block,
  Source: typeof EventSource,
  storage?: Storage,
): BegunBlock {
  const opened: EventSource[] = [];
  const shown: unknown[][] = [];
  const waiting = [...tokens];
  const parts = {
    hub,
    token,
    show: (...what: unknown[]) => shown.push(what),
    reload: async () => shown.push(['reload']),
    newToken: async () => waiting.shift(),
    renewCookie: async () => {
      // biome-ignore lint/suspicious/noDocumentCookie: every browser has it.
      document.cookie = `tidings=${waiting.shift()}`;
    },
    EventSource: class extends Source {
      constructor(url: string, init?: EventSourceInit) {
        super(url, init);
        opened.push(this);
      }
    },
    localStorage: storage ?? {
      getItem: (name: string) => kept[name] ?? null,
      setItem(name: string, value: string) {
        kept[name] = value;
      },
    },
    // Waiting shows nothing.
    setTimeout: (act: () => void, ms: number) => setTimeout(act, ms / 50),
  };
  new Function(...Object.keys(parts), code)(...Object.values(parts));
  return { opened, shown, kept };
}

interface Access {
  readonly ask: <Answer>(question: (block: BegunBlock) => Answer) => Promise<Answer>;
  readonly hear: Run['hear'];
  readonly leave: Run['leave'];
}

function toRun({ ask, hear, leave }: Access): Run {
  return {
    shows: (...shown) => vi.waitFor(async () => expect(await ask((block) => block.shown)).toEqual(shown), WAIT),
    opened: (count) => vi.waitFor(async () => expect(await ask((block) => block.opened.length)).toBe(count), WAIT),
    kept: () => ask((block) => ({ ...block.kept })),
    hear,
    leave,
  };
}
