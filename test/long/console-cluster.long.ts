import { expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { countOf, expectExact, flow } from '../console/break-count.ts';
import { takePicture } from '../console/console-tab.ts';
import { startDevCluster } from './dev-cluster.ts';

test('in the development cluster the console kills edges, restarts them and has the leader step down, and no number is lost', async () => {
  const cluster = startDevCluster();
  await cluster.says('Ctrl-C ends all of it');
  const [, link = ''] = /^Console +(\S+)$/m.exec(cluster.output()) ?? [];
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    await tab.goto(link);
    await tab.getByRole('link', { name: 'Try to break it' }).click();
    await flow(tab, 20);
    const log = tab.getByRole('log').locator('li');
    const deeds = [
      'Kill edge-1',
      'Step down the leader',
      'Kill edge-2',
      'Drop my connection',
      'Restart edge-1',
      'Step down the leader',
      'Restart edge-2',
    ];
    for (const [place, label] of deeds.entries()) {
      await tab.getByRole('button', { name: label, exact: true }).click();
      await expect.poll(() => log.first().textContent(), { timeout: 30_000 }).not.toContain('under way');
      expect(await log.count()).toBe(place + 1);
      await flow(tab, 40);
    }
    const outcomes = await log.allTextContents();
    expect(outcomes.filter((text) => !/cut|is back|stepped down/.test(text))).toEqual([]);
    await expectExact(tab);
    expect(await countOf(tab, 'reconnects')).toBeGreaterThanOrEqual(3);
    await takePicture(tab, 'console-break-cluster');
  } finally {
    await browser.close();
  }
});
