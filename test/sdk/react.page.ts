import { TidingsProvider, type TopicState, useConnectionState, useTopic } from '@tidings/sdk/react';
import {
  createTidings,
  type SubscribeOptions,
  type Subscription,
  type Tidings,
  type TidingsEvent,
} from '@tidings/sdk/subscriber';
import { createElement, Profiler, type ReactNode, StrictMode, useEffect } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';

/** A component that uses the hook. */
export interface Part {
  readonly key: string;
  readonly topic?: string;
  readonly options?: Pick<SubscribeOptions, 'replay' | 'until'> & { limit?: number };
  /** Notes events by a handler, under this name, and keeps none. */
  readonly handled?: string;
}

/** What a test can ask of a page. */
export interface ReactPage {
  /** Begins anew with a client and a root: of this HTML, when it is given. */
  start(options: { url: string; token: string; html?: string }): void;
  /** Renders these components, under StrictMode, in place of those before. */
  show(...parts: Part[]): void;
  /** Hands events to these components, each in a task of its own, one for each of them in turn; answers how long that took. */
  flood(events: number, perSecond: number, ...parts: Part[]): Promise<number>;
  /** The states that were committed, by component. */
  states: Record<string, TopicState[]>;
  handled: (readonly [name: string | undefined, data: unknown])[];
  connection: string[];
  /** How often React has committed anything. */
  commits: number;
  /** The requests that went to the hub, such as `POST /v1/stream`. */
  requests: string[];
  /** What React complains about. */
  complaints: string[];
  tidings: Tidings;
}

// Effects run with every render, and twice for a component that mounts under StrictMode.
function note<Kind>(list: Kind[] | undefined, item: Kind): Kind[] {
  if (list?.at(-1) === item) return list;
  return [...(list ?? []), item];
}

function Watch({ name, part: { topic, options } }: { name: string; part: Part }): ReactNode {
  const state = useTopic(topic, options);
  useEffect(() => {
    page.states[name] = note(page.states[name], state);
  });
  return `${state.status}: ${state.events.map(({ data }) => data).join()}`;
}

function Handle({ name, part: { topic, options, handled } }: { name: string; part: Part }): ReactNode {
  const state = useTopic(topic, ({ data }) => page.handled.push([handled, data]), options);
  useEffect(() => {
    page.states[name] = note(page.states[name], state as TopicState);
  });
  return state.status;
}

function Connection(): ReactNode {
  const state = useConnectionState();
  useEffect(() => {
    page.connection = note(page.connection, state);
  });
  return state;
}

/** The page, also for a server. */
export function createPage(client: Tidings, parts: readonly Part[], onCommit = (): void => {}): ReactNode {
  const children = parts.map((part) =>
    createElement(part.handled ? Handle : Watch, { key: part.key, name: part.key, part }),
  );
  return createElement(
    StrictMode,
    null,
    createElement(
      Profiler,
      { id: 'page', onRender: onCommit },
      createElement(TidingsProvider, { value: client }, createElement('p', null, createElement(Connection)), children),
    ),
  );
}

const nextTask = (): Promise<unknown> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(0);
  });

let root: Root | undefined;
const send = globalThis.fetch;
const nothing = (): Pick<ReactPage, 'states' | 'handled' | 'connection' | 'commits' | 'requests' | 'complaints'> => ({
  states: {},
  handled: [],
  connection: [],
  commits: 0,
  requests: [],
  complaints: [],
});
const page: ReactPage = {
  ...nothing(),
  tidings: undefined as unknown as Tidings,
  start({ url, token, html }) {
    root?.unmount();
    page.tidings?.close();
    Object.assign(page, nothing());
    globalThis.fetch = (input, init) => {
      // One that is aborted before it is sent never leaves the page.
      if (!init?.signal?.aborted)
        page.requests.push(`${init?.method} ${new URL(`${input}`).pathname.replace(/sessions\/.*/, 'sessions')}`);
      return send(input, init);
    };
    for (const level of ['error', 'warn'] as const)
      console[level] = (...words) => page.complaints.push(words.join(' '));
    page.tidings = createTidings({ url, token });
    const container = document.createElement('main');
    document.body.replaceChildren(container);
    container.innerHTML = html ?? '';
    root = html ? hydrateRoot(container, createPage(page.tidings, HYDRATED)) : createRoot(container);
  },
  show(...parts) {
    root?.render(
      createPage(page.tidings, parts, () => {
        page.commits += 1;
      }),
    );
  },
  async flood(events, perSecond, ...parts) {
    const handlers = new Map<string, (event: TidingsEvent) => void>();
    const client = {
      ...page.tidings,
      subscribe(topic: string, handler: (event: TidingsEvent) => void): Subscription {
        handlers.set(topic, handler);
        return { topic, ready: Promise.resolve(), ended: new Promise(() => {}), unsubscribe() {} };
      },
    };
    page.tidings = client as Tidings;
    page.show(...parts);
    while (handlers.size < parts.length || page.commits === 0) await nextTask();
    page.commits = 0;
    const startedMs = performance.now();
    for (let data = 0; data < events; data += 1) {
      const topic = `t.${data % parts.length}`;
      handlers.get(topic)?.({ id: undefined, topic, event: undefined, time: '', data });
      do await nextTask();
      while (performance.now() - startedMs < (1_000 * data) / perSecond);
    }
    return performance.now() - startedMs;
  },
};
(globalThis as unknown as { page: ReactPage }).page = page;

/** What a server has rendered. */
export const HYDRATED: readonly Part[] = [{ key: 'a', topic: 'a', options: { replay: 'last' } }];
