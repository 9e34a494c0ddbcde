import { startNatsServer } from '@tidings/broker/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type Pages, servePages } from './pages.ts';
import { killLeaders, noticesOf, numbersOf, openProfile } from './tab.ts';
import type { TabPage } from './tabs.page.ts';

declare const page: TabPage;

let browser: Browser;
let pages: Pages;

beforeAll(async () => {
  [browser, pages] = await Promise.all([launchBrowser(), servePages('tabs')]);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

describe('the tabs of a browser', () => {
  test('share one connection, which another takes over when the leader is killed: nothing is lost or repeated', async () => {
    const { hub, openTab } = await openProfile(browser, pages);
    const tabs = [await openTab()];
    tabs.push(...(await Promise.all([2, 3, 4, 5].map(() => openTab()))));
    expect(await hub.streams()).toBe(1);
    await killLeaders(3, tabs, openTab, hub);
    expect(await hub.streams()).toBe(1);
  });

  test('do not share it among users, nor when nobody says who the user is', async () => {
    const { hub, openTab } = await openProfile(browser, pages);
    const [alice, bob] = [await openTab(), await openTab({ user: 'bob' })];
    await openTab({ user: '' });
    await openTab({ user: '' });
    expect(await hub.streams()).toBe(4);
    await hub.publish('ticks', 1);
    await vi.waitFor(async () => expect([await numbersOf(alice), await numbersOf(bob)]).toEqual([[1], [1]]));
  });

  test('have a leader again when it is frozen and does not answer', async () => {
    const { hub, context, openTab } = await openProfile(browser, pages);
    const [leader, follower] = [await openTab(), await openTab()];
    const session = await context.newCDPSession(leader);
    await session.send('Debugger.enable');
    await session.send('Debugger.pause');
    // It stops at the next statement: what comes wakes it up to that.
    await hub.publish('ticks', 1);
    await follower.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await hub.publish('ticks', 2);
    await vi.waitFor(async () => expect(await numbersOf(follower)).toEqual([1, 2]), 10_000);
    expect(await follower.evaluate(() => page.opened)).toBe(1);
    await session.send('Debugger.disable');
    await hub.publish('ticks', 3);
    await vi.waitFor(async () => {
      for (const tab of [leader, follower]) expect(await numbersOf(tab)).toEqual([1, 2, 3]);
      expect(await hub.streams()).toBe(1);
    });
  });
});

describe('a page', () => {
  test('that was offline gets what it missed as soon as it is online', async () => {
    const { hub, context, openTab } = await openProfile(browser, pages);
    const tab = await openTab();
    await hub.publish('ticks', 1);
    await vi.waitFor(async () => expect(await numbersOf(tab)).toEqual([1]));
    await context.setOffline(true);
    await hub.publish('ticks', 2, 3);
    await context.setOffline(false);
    await vi.waitFor(async () => expect(await numbersOf(tab)).toEqual([1, 2, 3]), 5_000);
  });

  test('goes on exactly where it was when the hub was restarted', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const env = { TIDINGS_NATS_URL: server.url, TIDINGS_DRAIN_MS: '0' };
    const { hub, openTab } = await openProfile(browser, pages, env);
    const tab: Page = await openTab();
    await hub.publish('ticks', 1, 2);
    await vi.waitFor(async () => expect(await numbersOf(tab)).toEqual([1, 2]));
    await hub.stop();
    await hub.start();
    await hub.publish('ticks', 3);
    await vi.waitFor(async () => expect(await numbersOf(tab)).toEqual([1, 2, 3]), 15_000);
    expect(await noticesOf(tab, 'gap')).toEqual([]);
  });
});
