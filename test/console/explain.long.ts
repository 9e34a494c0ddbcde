import { explain } from '@tidings/control';
import { expect, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole } from './console-tab.ts';

const stage = provideConsole();

test('a link asks, names what can not be known, and holds no token', async () => {
  const asked = { id: '', epoch: '3f', seq: 20, found: { state: 'evicted' } } as const;
  const part = { sinceMs: 0, forgottenMs: 0, records: [], heard: [{ node: 'edge-c', sinceMs: 1, heardMs: 2 }] };
  const answer = explain('alice', asked, [
    { ...part, node: 'edge-a', isOn: true },
    { ...part, node: 'edge-b', isOn: false },
  ]);
  const tab = await stage.openConsole('explain', { viewport: { width: 1280, height: 800 } });
  await tab.route('**/v1/explain?*', (route) => route.fulfill({ json: answer }));
  await tab.evaluate(() => {
    location.hash = '#/explain?user=alice&event=3f.k.lozb';
  });
  await tab.getByText('edge-b keeps no journal').waitFor();
  await tab.getByText('edge-c, since').waitFor();
  expect(await tab.getByRole('status').filter({ hasText: 'Whether the user got it is not known' }).count()).toBe(1);
  expect(await tab.getByLabel('Did user').inputValue()).toBe('alice');
  await expectAccessible(tab);
  await tab.setViewportSize({ width: 360, height: 640 });
  await expectFits(tab);
});
