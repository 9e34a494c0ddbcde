import { expect, test } from 'vitest';
import { explainSample } from '../../packages/cli/test/explain/sample-explanation.ts';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();

test('a link asks at once, shows each session and what can not be known, and holds no token', async () => {
  const tab = await stage.openConsole('explain', { viewport: { width: 1280, height: 800 } });
  await tab.route('**/v1/explain?*', (route) => route.fulfill({ json: explainSample() }));
  await tab.evaluate(() => {
    location.hash = '#/explain?user=alice&event=3f.k.lozb';
  });
  await tab.getByRole('status').filter({ hasText: 'It is stored. The user had it' }).waitFor();
  expect(await tab.getByLabel('Did user').inputValue()).toBe('alice');
  const rows = tab.locator('explain-page tbody tr');
  expect(await rows.locator('th').allTextContents()).toEqual(['s-one', 's-two', 's-three']);
  expect(await rows.locator('td:nth-child(2)').allTextContents()).toEqual(['no', 'yes', 'no']);
  expect(await rows.locator('td:nth-child(3)').allTextContents()).toEqual(['–', 'yes', '–']);
  await tab.getByText('edge-c keeps no journal').waitFor();
  await tab.getByText('edge-d, since').waitFor();
  await expectAccessible(tab);
  await takePicture(tab, 'console-explain');
  await tab.setViewportSize({ width: 360, height: 640 });
  await expectFits(tab);
  await tab.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(tab);
});
