import { openStream, type StreamClient } from '@tidings/runtime/testing';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();
const PATIENCE = { timeout: 10_000 };
const headers = (): Record<string, string> => ({ authorization: `Bearer ${stage.site.adminToken}` });

async function listen(...topics: string[]): Promise<StreamClient> {
  const query = topics.map((topic) => `topic=${topic}`).join('&');
  const client = await openStream(`${stage.site.url}/v1/stream?${query}`, { headers: headers() });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

const idOf = (client: StreamClient): string => client.headers['tidings-session'] as string;
const ask = (path: string): Promise<Response> => fetch(`${stage.site.url}/v1/sessions${path}`, { headers: headers() });

async function publish(topic: string, count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) await stage.site.publisher.publish(topic, { number });
}

async function search(tab: Page, topic: string): Promise<void> {
  await tab.getByLabel('Gets what is published on topic').fill(topic);
  await tab.getByRole('button', { name: 'Search' }).click();
}

const cellsOf = (row: Locator): Promise<string[]> =>
  row.locator('td').evaluateAll((cells) => cells.map(({ textContent }) => (textContent ?? '').trim()));

/** The number beside a name in the detail of a session. */
const factOf = (tab: Page, name: string): Promise<string | null> =>
  tab.locator(`session-detail dt:text-is("${name}") + dd`).textContent();

describe('the sessions page', () => {
  test('finds streams, follows one with the focus kept, and closes it, which its client is told', async () => {
    const one = await listen('sessions.a');
    const other = await listen(...[1, 2, 3, 4, 5, 6].map((number) => `sessions.b.${number}`));
    await publish('sessions.a', 3);
    const tab = await stage.openConsole('sessions', { refusals: [404, 422], viewport: { width: 1280, height: 800 } });
    await search(tab, 'sessions.a');
    const rows = tab.locator('table.sessions tbody tr');
    const row = rows.filter({ has: tab.getByTitle(idOf(one)) });
    await expect.poll(async () => [await rows.count(), await row.count()], PATIENCE).toEqual([1, 1]);
    expect((await cellsOf(row)).slice(1, 2)).toEqual(['sessions.a']);
    expect((await cellsOf(row))[4]).toBe('3');
    await row.getByRole('button').focus();
    await publish('sessions.a', 2);
    await expect.poll(async () => (await cellsOf(row))[4], PATIENCE).toBe('5');
    expect(await tab.evaluate(() => document.activeElement?.getAttribute('title'))).toBe(idOf(one));

    await search(tab, 'a..b');
    const topic = tab.getByLabel('Gets what is published on topic');
    await tab.locator('#topic-fault', { hasText: '(invalid-topic)' }).waitFor();
    expect(await topic.getAttribute('aria-invalid')).toBe('true');
    await topic.fill('');
    await tab.getByLabel('User', { exact: true }).fill('nobody');
    await tab.getByRole('button', { name: 'Search' }).click();
    await expect.poll(() => rows.count(), PATIENCE).toBe(0);
    const { sessions } = await (await ask('')).json();
    await tab.getByLabel('User', { exact: true }).fill(sessions[0].user);
    await search(tab, '');

    const wide = rows.filter({ has: tab.getByTitle(idOf(other)) });
    await wide.getByText('sessions.b.1, sessions.b.2, sessions.b.3 and 3 more').waitFor();
    await wide.getByRole('button').click();
    const detail = tab.locator('session-detail');
    await expect.poll(() => detail.getByRole('listitem').allTextContents(), PATIENCE).toHaveLength(6);
    const view = await (await ask(`/${idOf(other)}`)).json();
    await expect.poll(() => factOf(tab, 'Position'), PATIENCE).toBe(view.cursor);
    expect([await factOf(tab, 'Id'), await factOf(tab, 'User'), await factOf(tab, 'Node')]).toEqual([
      idOf(other),
      view.user,
      view.edge,
    ]);
    // All streams, that of this page included, stand on the edges.
    const open = (await (await ask('')).json()).sessions.length;
    const streams = tab.locator('drain-list tbody td:nth-child(2)');
    await expect
      .poll(async () => (await streams.allTextContents()).reduce((sum, count) => sum + Number(count), 0), PATIENCE)
      .toBe(open);
    await expectAccessible(tab);
    await takePicture(tab, 'console-sessions');

    await detail.getByRole('button', { name: 'Close this session' }).click();
    expect(await detail.getByRole('button', { name: 'Keep it' }).evaluate((it) => it === document.activeElement)).toBe(
      true,
    );
    expect(other.ended).toBe(false);
    await detail.getByRole('button', { name: 'Close it' }).click();
    expect(JSON.parse((await other.event('hub.bye')).data)).toMatchObject({ reason: 'kicked' });
    await detail.getByRole('status').filter({ hasText: 'Closed (204)' }).waitFor();
    await detail.getByText('This stream has ended').waitFor();
    await expect.poll(() => wide.count(), PATIENCE).toBe(0);

    // What is gone before the hub is asked to close it.
    await tab.getByLabel('refresh').uncheck();
    await row.getByRole('button').click();
    one.destroy();
    await expect.poll(async () => (await ask(`/${idOf(one)}`)).status, PATIENCE).toBe(404);
    await detail.getByRole('button', { name: 'Close this session' }).click();
    await detail.getByRole('button', { name: 'Close it' }).click();
    await detail.getByRole('status').filter({ hasText: '(not-found)' }).waitFor();
    await tab.setViewportSize({ width: 360, height: 640 });
    await expectFits(tab);
    await tab.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(tab);
  });

  test('turns the pages of a long list', async () => {
    await Promise.all(Array.from({ length: 101 }, () => listen('sessions.many')));
    const tab = await stage.openConsole('sessions');
    await search(tab, 'sessions.many');
    const rows = tab.locator('table.sessions tbody tr');
    await expect.poll(() => rows.count(), PATIENCE).toBe(100);
    await tab.getByRole('button', { name: 'Next page' }).click();
    await expect.poll(() => rows.count(), PATIENCE).toBe(1);
    await tab.getByText('1 stream at').waitFor();
    await tab.getByRole('button', { name: 'Previous page' }).click();
    await expect.poll(() => rows.count(), PATIENCE).toBe(100);
  });
});
