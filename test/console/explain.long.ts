import { openStream, type StreamClient } from '@tidings/runtime/testing';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { explainSample } from '../../packages/cli/test/explain/sample-explanation.ts';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();
const PATIENCE = { timeout: 10_000 };
const headers = (): Record<string, string> => ({ authorization: `Bearer ${stage.site.adminToken}` });

async function listen(query: string): Promise<StreamClient> {
  const client = await openStream(`${stage.site.url}/v1/stream?${query}`, { headers: headers() });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

const idOf = (client: StreamClient): string => client.headers['tidings-session'] as string;

async function isOpen(client: StreamClient): Promise<boolean> {
  return (await fetch(`${stage.site.url}/v1/sessions/${idOf(client)}`, { headers: headers() })).ok;
}

const cellsOf = (tab: Page, client: StreamClient): Promise<string[]> =>
  tab
    .locator('explain-page tbody tr', { has: tab.getByTitle(idOf(client)) })
    .locator('td')
    .evaluateAll((cells) => cells.slice(0, 4).map(({ textContent }) => (textContent ?? '').trim()));

test('the explain page says which session of a user got an event, and why the others did not', async () => {
  const other = await listen('topic=elsewhere');
  const first = await listen('topic=explain.*');
  await stage.site.publisher.publish('explain.a', { number: 1 }, { event: 'told' });
  await first.event('told');
  const { lastEventId } = first;
  first.destroy();
  await expect.poll(() => isOpen(first), PATIENCE).toBe(false);
  const second = await listen(`topic=explain.*&last_event_id=${lastEventId}`);

  const tab = await stage.openConsole('explain', { refusals: [422], viewport: { width: 1280, height: 800 } });
  await tab.getByLabel('Did user').fill('dev-admin');
  await tab.getByLabel('get the event with the id').fill('nonsense');
  await tab.getByRole('button', { name: 'Explain' }).click();
  await tab.locator('#event-fault', { hasText: '(invalid-field)' }).waitFor();
  expect(await tab.getByLabel('get the event with the id').getAttribute('aria-invalid')).toBe('true');
  await tab.getByLabel('get the event with the id').fill(` ${lastEventId} `);
  await tab.getByRole('button', { name: 'Explain' }).click();
  await tab.getByRole('status').filter({ hasText: 'It is stored. The user had it' }).waitFor();
  expect(await cellsOf(tab, other)).toEqual([
    'no',
    '–',
    'Not written: it followed no topic that matches.',
    'elsewhere',
  ]);
  const [written, acknowledged, text, topics] = await cellsOf(tab, first);
  expect([written, acknowledged, topics]).toEqual(['yes', 'yes', 'explain.*']);
  expect(text).toContain(`it came back as ${idOf(second)}`);
  expect((await cellsOf(tab, second)).slice(0, 2)).toEqual(['no', '–']);
  await expectAccessible(tab);
  await takePicture(tab, 'console-explain');
  expect(await tab.evaluate(() => location.hash)).toBe(`#/explain?user=dev-admin&event=${lastEventId}`);

  // The event of the live tail leads here, and so does the user of a session.
  await tab.evaluate(() => {
    location.hash = '#/live?topic=explain.a&replay=all';
  });
  await tab.locator('.event-row', { hasText: 'told' }).click();
  await tab.getByRole('link', { name: 'Explain its way to a user' }).click();
  await expect.poll(() => tab.getByLabel('get the event with the id').inputValue(), PATIENCE).toBe(lastEventId);
  expect(await tab.getByLabel('Did user').inputValue()).toBe('');
  await tab.evaluate(() => {
    location.hash = '#/sessions';
  });
  await tab.getByTitle(idOf(other)).click();
  await tab.getByRole('link', { name: 'Explain an event of this user' }).click();
  await expect.poll(() => tab.getByLabel('Did user').inputValue(), PATIENCE).toBe('dev-admin');
});

test('a link asks at once, names what can not be known, and holds no token', async () => {
  const tab = await stage.openConsole('explain', { viewport: { width: 360, height: 640 } });
  await tab.route('**/v1/explain?*', (route) => route.fulfill({ json: explainSample() }));
  await tab.evaluate(() => {
    location.hash = '#/explain?user=alice&event=3f.k.lozb';
  });
  await tab.getByText('edge-b, since 2026-11-29T02:07:00.000Z, does not know').waitFor();
  await tab.getByText('edge-c keeps no journal').waitFor();
  await tab.getByText('edge-d, since 2026-11-29T01:00:00.000Z, was last heard').waitFor();
  expect(await tab.getByLabel('Did user').inputValue()).toBe('alice');
  await expectFits(tab);
  await tab.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(tab);
});
