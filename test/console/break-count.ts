import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** A number of the page that breaks the hub, by its label. */
export const countOf = async (tab: Page, label: string): Promise<number> =>
  Number.parseInt((await tab.locator('.tile', { hasText: label }).locator('dd').textContent()) ?? '', 10);

/** Waits until so many more numbers have arrived. */
export async function flow(tab: Page, more: number): Promise<void> {
  const goal = (await countOf(tab, 'received')) + more;
  await expect.poll(() => countOf(tab, 'received'), { timeout: 30_000 }).toBeGreaterThanOrEqual(goal);
}

/** Every number came once and in order, by the page's own words and by its counts. */
export async function expectExact(tab: Page): Promise<void> {
  await tab.getByText('Nothing is lost: every number came once and in order.').waitFor();
  for (const label of ['missing', 'repeated', 'out of order']) expect(await countOf(tab, label)).toBe(0);
}
