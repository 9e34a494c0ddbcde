import { createTidings, type TidingsEvent } from '@tidings/sdk/subscriber';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();

/** What arrives on a topic from now on. */
async function listen(topic: string): Promise<TidingsEvent[]> {
  const tidings = createTidings({ url: stage.site.url, token: stage.site.adminToken });
  onTestFinished(() => tidings.close());
  const events: TidingsEvent[] = [];
  await tidings.subscribe(topic, (event) => void events.push(event)).ready;
  return events;
}

const publish = (tab: Page): Promise<void> => tab.getByRole('button', { name: 'Publish' }).click();
const answerOf = (tab: Page) => tab.locator('.publish-answer');

describe('the page that publishes', () => {
  test('sends exactly what was filled in, and tells what became of it', async () => {
    const permissions = ['clipboard-read', 'clipboard-write'];
    const tab = await stage.openConsole('publish', { permissions, viewport: { width: 1280, height: 800 } });
    const events = await listen('form.>');
    const text = ' Grüße, it\'s <b>"quoted"</b>\n\tand $HOME 🎈 ';
    await tab.getByLabel('Topic', { exact: true }).fill('form.text');
    await tab.getByLabel('Data', { exact: true }).fill(text);
    await tab.getByLabel('Idempotency key').fill('once');
    await publish(tab);
    await answerOf(tab).getByText('form.text: stored as').waitFor();
    await publish(tab);
    await answerOf(tab).getByText('a duplicate').waitFor();
    await expect.poll(() => events.length).toBe(1);
    expect(events[0]).toMatchObject({ topic: 'form.text', data: text });
    expect(await answerOf(tab).textContent()).toContain(String(events[0]?.id));

    const data = { state: 'shipped', list: [1, 'ü', null] };
    await tab.getByRole('combobox', { name: 'To', exact: true }).selectOption('topics');
    await tab.getByLabel('Topics, one on each line').fill('form.a\nform.b');
    await tab.getByLabel('Event name').fill('status');
    await tab.getByLabel('Data is').selectOption('json');
    await tab.getByLabel('Data', { exact: true }).fill(JSON.stringify(data, null, 2));
    await tab.getByLabel('Idempotency key').fill('');
    await tab.getByLabel('Keep it in history').uncheck();
    await publish(tab);
    await answerOf(tab).getByText('form.b: sent, and not stored (202)').waitFor();
    await expect.poll(() => events.length).toBe(3);
    expect(events.map(({ id }) => id !== undefined)).toEqual([true, false, false]);
    for (const [place, topic] of ['form.a', 'form.b'].entries()) {
      expect(events[place + 1]).toMatchObject({ topic, event: 'status', data });
    }
    const rows = tab.getByRole('region', { name: 'The last events that were sent' }).locator('tbody tr');
    expect(await rows.count()).toBe(3);
    await takePicture(tab, 'console-publish');
    await expectAccessible(tab);

    await tab.getByRole('button', { name: 'Copy SDK' }).click();
    await tab.getByText('Copied', { exact: true }).waitFor();
    const code = await tab.evaluate(() => navigator.clipboard.readText());
    expect(code).toContain("topics: ['form.a', 'form.b']");
    expect(code).not.toContain(stage.site.adminToken);
    await rows.nth(2).getByRole('button').click();
    expect(await tab.getByLabel('Data', { exact: true }).inputValue()).toBe(text);
  });

  test('says what is wrong before it sends, and shows what the hub refuses at the field it is about', async () => {
    const tab = await stage.openConsole('publish', { refusals: [422], viewport: { width: 360, height: 640 } });
    await tab.getByLabel('Data is').selectOption('json');
    await tab.getByLabel('Data', { exact: true }).fill('{"a": 1,\n "b" 2}');
    await tab.getByText('Line 2, column 6: expected a colon.').waitFor();
    await publish(tab);
    await tab.getByText('Name a topic.').waitFor();
    expect(await tab.evaluate(() => (document.activeElement as HTMLInputElement).name)).toBe('topic');
    await tab.getByLabel('Topic', { exact: true }).fill('a..b');
    await tab.getByText('The topic has an empty token at place 2.').waitFor();
    await tab.getByLabel('Topic', { exact: true }).fill('refused.1');
    await tab.getByLabel('Data', { exact: true }).fill('{"a": 1}');
    // Longer than this hub keeps anything, which only it knows.
    await tab.getByLabel('Kept for').fill('999999999');
    await publish(tab);
    await tab.locator('#fault-ttl', { hasText: 'longer than history is kept' }).waitFor();
    expect(await tab.getByLabel('Kept for').getAttribute('aria-describedby')).toBe('fault-ttl');
    await expectAccessible(tab);
    await expectFits(tab);
    await tab.getByLabel('Kept for').fill('60');
    expect(await tab.locator('#fault-ttl').count()).toBe(0);
    await publish(tab);
    await answerOf(tab).getByText('refused.1: stored as').waitFor();
    // With the table of what was sent.
    await tab.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(tab);
    await expectFits(tab);
  });

  test('selects what it may not copy', async () => {
    const tab = await stage.openConsole('publish');
    await tab.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));
    });
    await tab.getByRole('button', { name: 'Copy curl' }).click();
    await tab.getByText('The browser refuses to copy').waitFor();
    const selected = await tab.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement as HTMLTextAreaElement;
      return value.slice(selectionStart, selectionEnd);
    });
    expect(selected).toBe(await tab.locator('[data-code="curl"]').textContent());
  });
});
