import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startTestHub } from '../../packages/sdk/test/hub.ts';
import { launchBrowser } from '../browser.ts';
import { type Pages, servePages } from './pages.ts';
import type { TabPage } from './tabs.page.ts';

declare const page: TabPage;

const KILLS = Number(process.env.TAB_KILLS ?? 5);

let browser: Browser;
let pages: Pages;

beforeAll(async () => {
  [browser, pages] = await Promise.all([launchBrowser(), servePages('tabs')]);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

async function openTab(context: BrowserContext, options: Parameters<TabPage['start']>[0]): Promise<Page> {
  const tab = await context.newPage();
  await tab.goto(pages.origin);
  await tab.waitForFunction(() => 'page' in globalThis);
  await tab.evaluate((given) => page.start(given), options);
  return tab;
}

const numbersOf = (tab: Page): Promise<number[]> => tab.evaluate(() => page.got.map(({ n }) => n));

async function open() {
  const hub = await startTestHub({ TIDINGS_ALLOWED_ORIGINS: pages.origin });
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const options = { url: hub.url, token: await hub.token(['>']), user: 'alice', topic: 'ticks' };
  return { hub, context, options, openTab: (more = {}) => openTab(context, { ...options, ...more }) };
}

describe('the tabs of a browser', () => {
  test('share one connection, and each gets everything', async () => {
    const { hub, openTab } = await open();
    const tabs = [await openTab()];
    tabs.push(...(await Promise.all([2, 3, 4, 5].map(() => openTab()))));
    expect(await hub.streams()).toBe(1);
    await hub.publish('ticks', 1, 2, 3);
    await vi.waitFor(async () => {
      for (const tab of tabs) expect(await numbersOf(tab)).toEqual([1, 2, 3]);
    });
    expect(await hub.streams()).toBe(1);
  });

  test(`the leader is killed ${KILLS} times under 200 events a second: nothing is lost or repeated`, async () => {
    const { hub, openTab } = await open();
    const tabs: Page[] = [];
    for (let count = 0; count < 5; count += 1) tabs.push(await openTab());
    let n = 0;
    let publishing = true;
    const publisher = (async () => {
      while (publishing) {
        await hub.publish('ticks', n + 1, n + 2);
        n += 2;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    const takeovers: number[] = [];
    const kept: number[][] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const counts = await Promise.all(tabs.map((tab) => tab.evaluate(() => page.opened)));
      const leading = counts.map((count, place) => (count > 0 ? place : -1)).filter((place) => place >= 0);
      expect(leading).toHaveLength(1);
      const [leader] = tabs.splice(leading[0] as number, 1) as [Page];
      const killedMs = Date.now();
      await leader.close();
      // Whoever leads now has opened a stream, and it brings something.
      await vi.waitFor(async () => {
        const opened = await Promise.all(tabs.map((tab) => tab.evaluate(() => page.opened)));
        expect(opened.reduce((sum, each) => sum + each, 0)).toBe(1);
        const last = await (tabs[0] as Page).evaluate(() => page.got.at(-1)?.n ?? 0);
        expect(last).toBeGreaterThan(n - 10);
      }, 10_000);
      const arrivals = await (tabs[0] as Page).evaluate(() => page.got.map(({ atMs }) => atMs));
      takeovers.push(longestPause(arrivals, killedMs));
      tabs.push(await openTab());
    }
    publishing = false;
    await publisher;
    await vi.waitFor(async () => {
      for (const tab of tabs) expect((await numbersOf(tab)).at(-1)).toBe(n);
    }, 10_000);
    for (const tab of tabs) kept.push(await numbersOf(tab));
    for (const got of kept) {
      const [first = 0] = got;
      expect(got).toEqual(Array.from({ length: n - first + 1 }, (_, place) => first + place));
    }
    takeovers.sort((a, b) => a - b);
    console.log('takeovers', takeovers.map(Math.round));
    expect(takeovers[Math.floor(takeovers.length / 2)]).toBeLessThan(1_000);
  });
});

// The longest time without an event that began about then, in ms.
function longestPause(arrivals: readonly number[], sinceMs: number): number {
  const pauses = arrivals.slice(1).map((atMs, place) => ({ atMs, pause: atMs - (arrivals[place] as number) }));
  return Math.max(...pauses.filter(({ atMs }) => atMs > sinceMs - 20).map(({ pause }) => pause));
}
