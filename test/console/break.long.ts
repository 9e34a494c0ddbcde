import { describe, expect, test } from 'vitest';
import { countOf, expectExact, flow } from './break-count.ts';
import { startClusterSite } from './cluster-site.ts';
import { provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole(startClusterSite);

describe('the console of two edges', () => {
  test('restarts either edge and cuts its own connection, and loses nothing', async () => {
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
