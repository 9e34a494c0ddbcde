import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startClusterSite } from './cluster-site.ts';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';
import { startHubSite } from './site.ts';

const countOf = async (tab: Page, label: string): Promise<number> =>
  Number.parseInt((await tab.locator('.tile', { hasText: label }).locator('dd').textContent()) ?? '', 10);

/** Waits until so many more numbers have arrived. */
async function flow(tab: Page, more: number): Promise<void> {
  const goal = (await countOf(tab, 'received')) + more;
  await expect.poll(() => countOf(tab, 'received'), { timeout: 15_000 }).toBeGreaterThanOrEqual(goal);
}

async function expectExact(tab: Page): Promise<void> {
  await tab.getByText('Nothing is lost: every number came once and in order.').waitFor();
  for (const label of ['missing', 'repeated', 'out of order']) expect(await countOf(tab, label)).toBe(0);
}

describe('on the page that breaks the hub', () => {
  const stage = provideConsole(startHubSite);

  test('nothing is lost when the connection of the page is cut, again and again', async () => {
    const tab = await stage.openConsole('break');
    await flow(tab, 10);
    await expectAccessible(tab);
    for (const times of [1, 2, 3]) {
      await tab.getByRole('button', { name: 'Drop my connection' }).click();
      await expect.poll(() => countOf(tab, 'reconnects'), { timeout: 15_000 }).toBe(times);
      await flow(tab, 10);
    }
    await expectExact(tab);
    expect(await tab.getByRole('log').locator('li').count()).toBe(3);
    await tab.setViewportSize({ width: 360, height: 640 });
    await expectFits(tab);
  });
});

describe('on the page that breaks two edges', () => {
  const stage = provideConsole(startClusterSite);

  test('nothing is lost when either edge is restarted and connections are cut', async () => {
    const tab = await stage.openConsole('break', { viewport: { width: 1280, height: 800 } });
    await flow(tab, 10);
    for (const edge of ['edge-1', 'edge-2']) {
      await tab.getByRole('button', { name: `Restart ${edge}` }).click();
      await tab.getByText(`${edge} sent its streams elsewhere, ended, and is back.`).waitFor();
      await flow(tab, 10);
    }
    const reconnects = await countOf(tab, 'reconnects');
    expect(reconnects).toBeGreaterThanOrEqual(1);
    await tab.getByRole('button', { name: 'Drop my connection' }).click();
    await expect.poll(() => countOf(tab, 'reconnects'), { timeout: 15_000 }).toBe(reconnects + 1);
    await flow(tab, 10);
    await expectExact(tab);
    await takePicture(tab, 'console-break');
  });
});
