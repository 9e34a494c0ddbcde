import { startNatsServer } from '@tidings/broker/testing';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { killLeaders, noticesOf, numbersOf, openProfile, provideBrowser } from './tab.ts';

const stage = provideBrowser();

describe('the tabs of a browser', () => {
  test('share one connection, which another takes over when the leader is killed: nothing is lost or repeated', async () => {
    const { hub, openTab } = await openProfile(stage);
    const tabs = [await openTab()];
    tabs.push(...(await Promise.all([2, 3, 4, 5].map(() => openTab()))));
    expect(await hub.streams()).toBe(1);
    await killLeaders(3, tabs, openTab, hub);
    expect(await hub.streams()).toBe(1);
  });
});

describe('a page', () => {
  test('that was offline gets what it missed as soon as it is online', async () => {
    const { hub, context, openTab } = await openProfile(stage);
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
    const { hub, openTab } = await openProfile(stage, env);
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
