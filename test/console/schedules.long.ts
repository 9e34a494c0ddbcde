import { expect, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();
const PATIENCE = { timeout: 10_000 };

test('the schedules page lists what waits, and cancels one after it asked, which is then never published', async () => {
  const { publisher, url, adminToken } = stage.site;
  await publisher.publish('reports.daily', { page: 1 }, { event: 'due', delay: 86_000 });
  await publisher.publish('orders.42', 'remind', { delay: 3_600 });
  const tab = await stage.openConsole('schedules', { viewport: { width: 1280, height: 800 } });
  const rows = tab.locator('schedules-page tbody tr');
  await expect.poll(() => rows.count(), PATIENCE).toBe(2);
  const row = rows.filter({ hasText: 'orders.42' });
  expect(await row.locator('td').nth(1).textContent()).toMatch(/^in 59 min$|^in 1 h$/);
  await expectAccessible(tab);
  await takePicture(tab, 'console-schedules');

  const id = await row.getAttribute('data-id');
  await row.getByRole('button', { name: `Cancel ${id}` }).click();
  await row.getByRole('button', { name: 'Keep it' }).click();
  await row.getByRole('button', { name: `Cancel ${id}` }).click();
  await row.getByRole('button', { name: 'Cancel it' }).click();
  await tab.getByText('Cancelled: nothing is published to orders.42').waitFor();
  await expect.poll(() => rows.count(), PATIENCE).toBe(1);
  const headers = { authorization: `Bearer ${adminToken}` };
  expect((await fetch(`${url}/v1/schedules/${id}`, { headers })).status).toBe(404);
  await tab.setViewportSize({ width: 360, height: 640 });
  await expectFits(tab);
  await tab.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(tab);
});
