import { openStream } from '@tidings/runtime/testing';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();
const PATIENCE = { timeout: 10_000 };
const headers = (): Record<string, string> => ({ authorization: `Bearer ${stage.site.adminToken}` });

async function unreadOf(user: string): Promise<number> {
  const answer = await fetch(`${stage.site.url}/v1/users/${user}/inbox?limit=1`, { headers: headers() });
  return (await answer.json()).unread;
}

// Its label has what is wrong with it, too.
const userField = (tab: Page): Locator => tab.getByRole('textbox', { name: /^User/ });
const stateOf = (tab: Page, row: number): Promise<string | null> =>
  tab.locator('inbox-page tbody tr').nth(row).locator('td').first().textContent();
const countOf = (tab: Page): Promise<string | null> => tab.locator('.unread-count').textContent();
const rowCountOf = (tab: Page): Promise<number> => tab.locator('inbox-page tbody tr').count();
const factOf = (tab: Page, name: string): Promise<string | null> =>
  tab.locator(`inbox-page dt:text-is("${name}") + dd`).textContent();

async function show(tab: Page, user: string): Promise<void> {
  await userField(tab).fill(user);
  await tab.getByRole('button', { name: 'Show' }).click();
}

async function goTo(tab: Page, hash: string): Promise<void> {
  await tab.evaluate((address) => {
    location.hash = address;
  }, hash);
}

const HOSTILE = `<img src=x onerror="document.title='taken'">\u202e<script>alert(1)</script>${'\u0301'.repeat(40)}`;

describe('the inbox page', () => {
  test('lists what a user has not read, marks one event and then everything, and the hub says so too', async () => {
    const { publisher } = stage.site;
    const notices = ['Your order is on its way.', 'It has arrived.', 'Please say how it was.'];
    for (let number = 1; number <= 20; number += 1) {
      if (number === 3)
        await publisher.publish('user.alice', `${HOSTILE}${'x'.repeat(50_000)}`, { event: '<b>\u202egnp' });
      const text = notices[number % notices.length];
      await publisher.publish('user.alice', { order: 4_000 + number, text }, { event: 'order' });
    }
    await publisher.publish('user.alice', { text: 'Your invoice is ready.', pages: 2 }, { event: 'invoice' });

    const tab = await stage.openConsole('inbox', { viewport: { width: 1280, height: 800 } });
    // One's own, where the address names nobody.
    await expect.poll(() => userField(tab).inputValue(), PATIENCE).toBe('dev-admin');
    await tab.getByText('Nothing is kept for this user.').waitFor();
    await show(tab, 'alice');
    await expect.poll(() => rowCountOf(tab), PATIENCE).toBe(20);
    expect(await tab.evaluate(() => location.hash)).toBe('#/inbox?user=alice');
    expect([await countOf(tab), await factOf(tab, 'Everything is read up to')]).toEqual(['22', 'nothing yet']);

    const rows = tab.locator('inbox-page tbody tr');
    // Of what others published nothing gets in but its text, and that is short.
    const hostile = rows.nth(19);
    const cells = await hostile.locator('td').allTextContents();
    expect(cells[2]).toBe('<b>\\u202egnp');
    expect(cells[3]).toMatch(/^<img src=x .*\\u202e<script>alert\(1\)<\/script>[^x]{40}x+…$/);
    expect(cells[3]?.length).toBeLessThan(180);
    expect(await hostile.locator('img, script, b').count()).toBe(0);
    expect(await tab.title()).toBe('Inbox · Tidings console');

    const newest = await rows.first().getAttribute('data-id');
    await tab.getByRole('button', { name: `Mark as read: ${newest}` }).click();
    await tab.getByText('Marked as read: 21 unread now.').waitFor();
    await expect.poll(() => stateOf(tab, 0), PATIENCE).toBe('read');
    expect([await countOf(tab), await stateOf(tab, 1), await unreadOf('alice')]).toEqual(['21', 'unread', 21]);
    // By keyboard one goes on with the next.
    await expect
      .poll(() => tab.evaluate(() => document.activeElement?.getAttribute('aria-label')), PATIENCE)
      .toBe(`Mark as read: ${await rows.nth(1).getAttribute('data-id')}`);
    await expectAccessible(tab);
    await takePicture(tab, 'console-inbox');

    await tab.getByRole('button', { name: 'Older events' }).click();
    await expect.poll(() => rowCountOf(tab), PATIENCE).toBe(2);
    expect(await countOf(tab)).toBe('21');
    expect(await tab.getByRole('button', { name: 'Older events' }).isDisabled()).toBe(true);
    // What came meanwhile nobody has seen here.
    await publisher.publish('user.alice', 'one more');
    await tab.getByRole('button', { name: 'Mark everything as read' }).click();
    await tab.getByRole('button', { name: 'Keep it unread' }).click();
    expect(await unreadOf('alice')).toBe(22);
    await tab.getByRole('button', { name: 'Mark everything as read' }).click();
    await expectAccessible(tab);
    await tab.getByRole('button', { name: 'Mark it as read' }).click();
    await tab.getByText('Marked as read: 1 unread now.').waitFor();
    expect([await unreadOf('alice'), await factOf(tab, 'Everything is read up to')]).toEqual([1, newest]);
    await expect.poll(() => stateOf(tab, 0), PATIENCE).toBe('read');
    await tab.getByRole('button', { name: 'Newer events' }).click();
    await expect.poll(() => rowCountOf(tab), PATIENCE).toBe(20);
    expect([await stateOf(tab, 0), await stateOf(tab, 1)]).toEqual(['unread', 'read']);

    await tab.setViewportSize({ width: 360, height: 640 });
    await expectFits(tab);
    await tab.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(tab);
  });

  test('is where the user of a session leads to', async () => {
    await stage.site.publisher.publish('user.dev-admin', 'to oneself');
    const client = await openStream(`${stage.site.url}/v1/stream?topic=inbox.a`, { headers: headers() });
    onTestFinished(() => client.destroy());
    await client.event('hub.live');
    const tab = await stage.openConsole('sessions');
    await tab.getByTitle(client.headers['tidings-session'] as string).click();
    await tab.getByRole('link', { name: 'Inbox of this user' }).click();
    await tab.getByText('to oneself').waitFor();
    expect(await tab.evaluate(() => location.hash)).toBe('#/inbox?user=dev-admin');
    // An event's id leads on to what became of it.
    const link = tab.locator('inbox-page tbody th a');
    const id = await link.textContent();
    await link.click();
    await expect.poll(() => tab.getByLabel('get the event with the id').inputValue(), PATIENCE).toBe(id);
  });

  test('says what the hub refuses, and that there are more than were counted', async () => {
    const tab = await stage.openConsole('inbox', { refusals: [403, 404, 422, 503] });
    await show(tab, 'a b');
    await tab.locator('#user-fault', { hasText: '(invalid-user)' }).waitFor();
    expect(await userField(tab).getAttribute('aria-invalid')).toBe('true');

    const problems = [
      [403, { code: 'forbidden', detail: 'Only an admin has the inbox of others.' }],
      [404, { code: 'not-found', title: 'Not found' }],
      [503, { code: 'unavailable', detail: 'The records are out of reach.' }],
    ] as const;
    const path = '**/v1/users/bob/inbox*';
    for (const [status, problem] of problems) {
      await tab.route(path, (route) => route.fulfill({ status, json: problem }));
      await show(tab, 'bob');
      const said = 'detail' in problem ? problem.detail : problem.title;
      await tab.getByRole('alert').getByText(`${said} (${problem.code})`).waitFor();
      expect(await tab.locator('.unread-count').count()).toBe(0);
      await tab.unroute(path);
    }
    const count = { unread: 1_000, more: true, at: '3f.k.aaaa', upTo: '3f.0.aaaa', revision: 1 };
    const event = { id: '3f.k.aaaa', topic: 'user.bob', time: '2026-11-29T01:00:00.000Z', data: 1, read: false };
    await tab.route(path, (route) => route.fulfill({ json: { ...count, events: [event] } }));
    await tab.route('**/v1/users/bob/inbox/read', (route) => route.fulfill({ status: 503, json: problems[2][1] }));
    // A link may be followed while the page is open.
    await goTo(tab, '#/inbox?user=bob');
    await goTo(tab, '#/inbox?user=carol');
    await tab.getByText('Nothing is kept for this user.').waitFor();
    await goTo(tab, '#/inbox?user=bob');
    await expect.poll(() => countOf(tab), PATIENCE).toBe('1,000+');
    await tab.getByRole('button', { name: 'Mark as read: 3f.k.aaaa' }).click();
    await tab.getByRole('status').getByText('The records are out of reach. (unavailable)').waitFor();
    expect(await stateOf(tab, 0)).toBe('unread');
  });
});
