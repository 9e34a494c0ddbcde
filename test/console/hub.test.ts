import { mintToken } from '@tidings/auth';
import { systemClock } from '@tidings/runtime';
import { describe, expect, test } from 'vitest';
import { countOf, expectExact, flow } from './break-count.ts';
import { expectAccessible, expectFits, provideConsole } from './console-tab.ts';

const stage = provideConsole();

describe('the console of a hub', () => {
  test('is entered by the link of the hub, which leaves the address at once, and stays entered after a reload', async () => {
    const tab = await stage.openConsole('overview');
    await tab.waitForURL((url) => !url.href.includes('token'));
    await tab.reload();
    await tab.getByRole('heading', { name: 'Overview' }).waitFor();
    await tab.setViewportSize({ width: 360, height: 640 });
    await expectFits(tab);
    await tab.getByRole('button', { name: 'Log out' }).click();
    await tab.getByRole('heading', { name: 'Tidings console' }).waitFor();
    await tab.reload();
    await tab.getByLabel('Token').waitFor();
  });

  test('is entered by a token that is pasted, and says what is wrong with one that it can not use', async () => {
    const tab = await stage.openTab('/console', { refusals: [401] });
    const enter = async (token: string): Promise<void> => {
      await tab.getByLabel('Token').fill(token);
      await tab.getByRole('button', { name: 'Log in' }).click();
    };
    await expectAccessible(tab);
    await enter('nonsense');
    await tab.getByText('This is no token').waitFor();
    const secret = 'a secret of nobody here, of 32 bytes or more';
    await enter(await mintToken(secret, { sub: 'eve', tidings: { subscribe: ['>'] } }, 60, systemClock));
    await tab.getByText('no admin’s. The console needs').waitFor();
    await enter(stage.site.adminToken);
    await tab.getByText('dev-admin in default').waitFor();
    // By keyboard one goes on where one has come to, and not at the top.
    await tab.locator('main:focus').waitFor();
    // A link with a token that is none, or none of this hub, ends no login.
    const foreign = await mintToken(secret, { sub: 'eve', tidings: { admin: true } }, 60, systemClock);
    const refusals = [
      ['a.b.c', 'This is no token'],
      [foreign, 'does not take this token'],
    ] as const;
    for (const [token, fault] of refusals) {
      await tab.evaluate((pasted) => {
        location.hash = `#token=${pasted}`;
      }, token);
      await tab.getByRole('alert').getByText(fault).waitFor();
      await tab.reload();
      await tab.getByText('dev-admin in default').waitFor();
    }
    // What was wrong before one logs out says nothing of the next token.
    await tab.evaluate(() => {
      location.hash = '#token=a.b.c';
    });
    await tab.getByRole('alert').getByText('This is no token').waitFor();
    await tab.getByRole('button', { name: 'Log out' }).click();
    await tab.getByLabel('Token').waitFor();
    expect(await tab.locator('[role="alert"]').textContent()).toBe('');
  });

  test('cuts its own connection, again and again, and loses nothing', async () => {
    const tab = await stage.openConsole('break');
    await flow(tab, 10);
    for (const times of [1, 2]) {
      await tab.getByRole('button', { name: 'Drop my connection' }).click();
      await expect.poll(() => countOf(tab, 'reconnects'), { timeout: 15_000 }).toBe(times);
      await flow(tab, 10);
    }
    await expectExact(tab);
    expect(await tab.getByRole('log').locator('li').count()).toBe(2);
    // No rule of another page's bars holds for those of this chart.
    const bar = tab.locator('.arrivals .arrival').first();
    expect(await bar.evaluate((each) => getComputedStyle(each).width)).toBe('4px');
    await expectAccessible(tab);
    await tab.setViewportSize({ width: 360, height: 640 });
    await expectFits(tab);
  });
});
