import { createTidings, type Tidings } from '@tidings/sdk/subscriber';

/** What a test can ask of a page. */
export interface TabPage {
  /** Opens the client and subscribes; every event is noted with the time of its arrival, in ms since 1970. */
  start(options: {
    url: string;
    token: string;
    nextToken?: string;
    user?: string;
    topic: string;
    replay?: string;
  }): Promise<void>;
  /** The numbers that came, and when. */
  readonly got: { readonly n: number; readonly atMs: number }[];
  readonly notices: { readonly name: string; readonly notice: unknown }[];
  /** How many came. */
  readonly count: number;
  /** Keeps no more of what comes than how many there were. */
  forget(): void;
  /** Asks for a lock and keeps it; `lockedAtMs` is when it was granted. */
  holdLock(): void;
  readonly lockedAtMs: number;
  /** How many streams this page has opened. */
  readonly opened: number;
  tidings: Tidings;
}

const fetchStream = globalThis.fetch;
const page = {
  got: [] as { n: number; atMs: number }[],
  notices: [] as { name: string; notice: unknown }[],
  opened: 0,
  lockedAtMs: 0,
  holdLock() {
    void navigator.locks.request('floor', () => {
      page.lockedAtMs = performance.timeOrigin + performance.now();
      return new Promise(() => {});
    });
  },
  count: 0,
  forgets: false,
  forget() {
    page.forgets = true;
  },
  tidings: undefined as unknown as Tidings,
  async start({ url, token, nextToken, user, topic, replay }: Parameters<TabPage['start']>[0]) {
    globalThis.fetch = (input, init) => {
      if (`${input}`.endsWith('/v1/stream')) page.opened += 1;
      return fetchStream(input, init);
    };
    const getToken = (reason: string): string => (reason === 'connect' ? token : (nextToken ?? token));
    page.tidings = createTidings({ url, token: getToken, ...(user && { user }) });
    for (const name of ['gap', 'state', 'error'] as const) {
      page.tidings.on(name, (notice) => page.notices.push({ name, notice }));
    }
    const note = ({ data }: { data: unknown }): void => {
      page.count += 1;
      if (!page.forgets) page.got.push({ n: data as number, atMs: performance.timeOrigin + performance.now() });
    };
    await page.tidings.subscribe(topic, note, replay ? { replay } : {}).ready;
  },
};
(globalThis as unknown as { page: TabPage }).page = page;
