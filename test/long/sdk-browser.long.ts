import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { handLocksOn, killLeaders, numbersOf, openProfile, provideBrowser } from '../sdk/tab.ts';
import type { TabPage } from '../sdk/tabs.page.ts';

declare const page: TabPage;

const OFFLINE_MS = 10_000;

const stage = provideBrowser();

describe('the tabs of a browser', () => {
  test('are, when their leader is killed 20 times in a row, without events for less than 100 ms, in the median', async () => {
    const { hub, context, openTab } = await openProfile(stage);
    const tabs: Page[] = [];
    for (let count = 0; count < 5; count += 1) tabs.push(await openTab());
    const pauses = await killLeaders(20, tabs, openTab, hub);
    const floor = await handLocksOn(20, context, stage);
    console.log(`without events for, in ms: ${pauses.map(Math.round).join(' ')}`);
    console.log(`a lock was handed on in, in ms: ${floor.map(Math.round).join(' ')}`);
    // What the browser needs to close a page is not ours, and depends on the machine.
    expect((pauses[10] as number) - (floor[10] as number)).toBeLessThan(100);
  });

  test('do not share it among users, nor when nobody says who the user is', async () => {
    const { hub, openTab } = await openProfile(stage);
    const [alice, bob] = [await openTab(), await openTab({ user: 'bob' })];
    await openTab({ user: '' });
    await openTab({ user: '' });
    expect(await hub.streams()).toBe(4);
    await hub.publish('ticks', 1);
    await vi.waitFor(async () => expect([await numbersOf(alice), await numbersOf(bob)]).toEqual([[1], [1]]));
  });

  test('have a leader again when it is frozen and does not answer', async () => {
    const { hub, context, openTab } = await openProfile(stage);
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
  test('that was offline for 10 s gets what it missed', async () => {
    const { hub, context, openTab } = await openProfile(stage);
    const tab = await openTab();
    await context.setOffline(true);
    const sinceMs = Date.now();
    await vi.waitFor(
      async () => {
        await hub.publish('ticks', Date.now() - sinceMs);
        expect(Date.now() - sinceMs).toBeGreaterThan(OFFLINE_MS);
      },
      { timeout: 20_000, interval: 500 },
    );
    await context.setOffline(false);
    await hub.publish('ticks', -1);
    await vi.waitFor(async () => expect((await numbersOf(tab)).at(-1)).toBe(-1), 5_000);
    const got = await numbersOf(tab);
    expect(got).toHaveLength(await hub.count('ticks'));
    expect(got.slice(0, -1)).toEqual([...got.slice(0, -1)].sort((a, b) => a - b));
  });

  test('whose token ends has another by then, on the same stream', async () => {
    const { hub, openTab } = await openProfile(stage);
    const tab = await openTab({ token: await hub.token(['>'], 5), nextToken: await hub.token(['>']) });
    await vi.waitFor(async () => expect((await hub.ages())[0]).toBeGreaterThan(6_000), 10_000);
    await hub.publish('ticks', 1);
    await vi.waitFor(async () => expect(await numbersOf(tab)).toEqual([1]));
    expect(await tab.evaluate(() => page.opened)).toBe(1);
  });

  test('holds no more memory after 100,000 events than after 20,000, with the connection and without', async () => {
    const { hub, context, openTab } = await openProfile(stage);
    const tabs = [await openTab(), await openTab()];
    // What the page itself keeps would hide the rest.
    for (const tab of tabs) await tab.evaluate(() => page.forget());
    const heapOf = async (tab: Page): Promise<number> => {
      const session = await context.newCDPSession(tab);
      await session.send('HeapProfiler.enable');
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      await session.detach();
      return usedSize;
    };
    const publish = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 500) {
        await hub.publish('ticks', ...Array.from({ length: 500 }, (_, place) => n + place));
      }
      for (const tab of tabs) {
        await vi.waitFor(async () => expect(await tab.evaluate(() => page.count)).toBe(to), 60_000);
      }
    };
    await publish(0, 20_000);
    const before = await Promise.all(tabs.map(heapOf));
    await publish(20_000, 100_000);
    const after = await Promise.all(tabs.map(heapOf));
    console.log(
      `heaps in kB: ${before.map((size) => size >> 10)} after 20,000, ${after.map((size) => size >> 10)} after 100,000`,
    );
    for (const [place, size] of after.entries()) expect(size - (before[place] as number)).toBeLessThan(1_000_000);
  }, 180_000);
});
