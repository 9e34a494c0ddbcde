import { describe, expect, test } from 'vitest';
import { APPS } from '../../packages/demo/src/app-list.ts';
import { expectAccessible } from '../console/console-tab.ts';
import { provideDemo } from './demo-tab.ts';

const stage = provideDemo();

describe('the demo', () => {
  test('leads to every application, each of which opens its stream and shows its source', async () => {
    const tab = await stage.openApp('');
    const links = tab.locator('.card a');
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual(
      APPS.map(({ name }) => `/demo/${name}`),
    );
    await expectAccessible(tab);
    for (const { name, title } of APPS) {
      await tab.goto(`${stage.site.url}/demo/${name}`);
      await tab.getByRole('heading', { name: title }).waitFor();
      await tab.getByRole('region', { name: 'page.ts' }).getByText('createTidings').first().waitFor();
    }
  });
});
