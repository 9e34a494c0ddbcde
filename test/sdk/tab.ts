import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import { startTestHub, type TestHub } from '../../packages/sdk/test/hub.ts';
import { launchBrowser } from '../browser.ts';
import { type Pages, servePages } from './pages.ts';
import type { TabPage } from './tabs.page.ts';

declare const page: TabPage;

/** What the tests of a file do their work with. */
export interface Stage {
  readonly browser: Browser;
  readonly pages: Pages;
}

/** Starts a browser and serves the tabs' page before the tests of a file; both end after them. */
export function provideBrowser(): Stage {
  let browser: Browser | undefined;
  let pages: Pages | undefined;
  beforeAll(async () => {
    [browser, pages] = await Promise.all([launchBrowser(), servePages('tabs')]);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });
  return {
    get browser() {
      return browser as Browser;
    },
    get pages() {
      return pages as Pages;
    },
  };
}

/** A browser profile whose tabs are clients of a hub. */
export interface Profile {
  readonly hub: TestHub;
  readonly context: BrowserContext;
  /** Opens a tab that has subscribed; what is said here takes the place of what all tabs say. */
  openTab(options?: Partial<Parameters<TabPage['start']>[0]>): Promise<Page>;
}

export async function openProfile({ browser, pages }: Stage, env: NodeJS.ProcessEnv = {}): Promise<Profile> {
  const hub = await startTestHub({ TIDINGS_ALLOWED_ORIGINS: pages.origin, ...env });
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const all = { url: hub.url, token: await hub.token(['>']), user: 'alice', topic: 'ticks' };
  return {
    hub,
    context,
    async openTab(options) {
      const tab = await context.newPage();
      await tab.goto(pages.origin);
      await tab.waitForFunction(() => 'page' in globalThis);
      await tab.evaluate((given) => page.start(given), { ...all, ...options });
      return tab;
    },
  };
}

/** The numbers that a tab has got, in their order. */
export const numbersOf = (tab: Page): Promise<number[]> => tab.evaluate(() => page.got.map(({ n }) => n));

/** What a tab was told beyond events. */
export const noticesOf = (tab: Page, name: string): Promise<unknown[]> =>
  tab.evaluate((wanted) => page.notices.filter((each) => each.name === wanted).map(({ notice }) => notice), name);

/** Publishes 1, 2, 3 and so on, about 200 a second, until it is stopped. */
function publishTicks(hub: TestHub): { readonly last: number; stop(): Promise<void> } {
  let last = 0;
  let isPublishing = true;
  const publishing = (async () => {
    while (isPublishing) {
      await hub.publish('ticks', last + 1, last + 2);
      last += 2;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    get last() {
      return last;
    },
    async stop() {
      isPublishing = false;
      await publishing;
    },
  };
}

/** Kills the tab that has the connection, again and again; answers how long events were away each time, in ms, sorted. */
export async function killLeaders(
  kills: number,
  tabs: Page[],
  openTab: () => Promise<Page>,
  hub: TestHub,
): Promise<number[]> {
  const ticks = publishTicks(hub);
  const pauses: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const opened = await openedBy(tabs);
    const leader = tabs.splice(
      opened.findIndex((count) => count > 0),
      1,
    )[0] as Page;
    const [follower] = tabs as [Page];
    const killedMs = Date.now();
    await leader.close();
    await vi.waitFor(async () => {
      expect((await openedBy(tabs)).reduce((sum, count) => sum + count)).toBe(1);
      expect(await follower.evaluate(() => page.got.at(-1)?.n)).toBeGreaterThan(ticks.last - 10);
    }, 10_000);
    pauses.push(longestPause(await follower.evaluate(() => page.got.map(({ atMs }) => atMs)), killedMs));
    tabs.push(await openTab());
  }
  // One that was opened last may not have had any yet, and after the last there is none.
  const hasSome = async (tab: Page): Promise<void> => expect((await numbersOf(tab)).length).toBeGreaterThan(0);
  for (const tab of tabs) await vi.waitFor(() => hasSome(tab), 10_000);
  await ticks.stop();
  for (const tab of tabs) {
    await vi.waitFor(async () => expect((await numbersOf(tab)).at(-1)).toBe(ticks.last), 10_000);
    const got = await numbersOf(tab);
    const [first = 0] = got;
    expect(got).toEqual(Array.from({ length: ticks.last - first + 1 }, (_, place) => first + place));
  }
  return pauses.sort((a, b) => a - b);
}

const openedBy = (tabs: readonly Page[]): Promise<number[]> =>
  Promise.all(tabs.map((tab) => tab.evaluate(() => page.opened)));

function longestPause(arrivals: readonly number[], sinceMs: number): number {
  const pauses = arrivals.slice(1).map((atMs, place) => ({ atMs, pause: atMs - (arrivals[place] as number) }));
  return Math.max(...pauses.filter(({ atMs }) => atMs > sinceMs - 20).map(({ pause }) => pause));
}

/** How long the browser itself takes to hand a lock on when the page that holds it is closed, in ms, sorted. */
export async function handLocksOn(times: number, context: BrowserContext, { pages }: Stage): Promise<number[]> {
  const open = async (): Promise<Page> => {
    const tab = await context.newPage();
    await tab.goto(pages.origin);
    await tab.waitForFunction(() => 'page' in globalThis);
    await tab.evaluate(() => page.holdLock());
    return tab;
  };
  const waits: number[] = [];
  let holder = await open();
  for (let time = 0; time < times; time += 1) {
    const next = await open();
    const closedMs = Date.now();
    await holder.close();
    await next.waitForFunction(() => page.lockedAtMs > 0);
    waits.push((await next.evaluate(() => page.lockedAtMs)) - closedMs);
    holder = next;
  }
  return waits.sort((a, b) => a - b);
}
