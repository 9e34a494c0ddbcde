import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStream } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { HOOK_SECRET, type Receiver, startReceiver } from '../../services/dispatcher/test/receiver.ts';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';
import { startHubSite } from './site.ts';

const PATIENCE = { timeout: 10_000 };
const folder = mkdtempSync(join(tmpdir(), 'tidings-console-webhooks-'));
let receiver: Receiver;
let stopReceiver: (() => Promise<void>) | undefined;

beforeAll(async () => {
  receiver = await startReceiver((stop) => {
    stopReceiver = stop;
  });
});
afterAll(async () => {
  await stopReceiver?.();
  rmSync(folder, { recursive: true });
});

// Of a hub, whatever the site: in a cluster the dispatcher has an address of its own.
const stage = provideConsole(async () => {
  const secret = { file: join(folder, 'secret') };
  writeFileSync(secret.file, HOOK_SECRET);
  const endpoint = { name: 'crm', url: receiver.url, secret, events: ['session.opened'], allowPrivate: true };
  writeFileSync(join(folder, 'webhooks.json'), JSON.stringify({ endpoints: [endpoint] }));
  return startHubSite({ TIDINGS_WEBHOOKS_FILE: join(folder, 'webhooks.json') });
});

test('the webhooks page shows what was given up, and sends it again under its id', async () => {
  receiver.answer(410);
  const headers = { authorization: `Bearer ${stage.site.adminToken}` };
  const client = await openStream(`${stage.site.url}/v1/stream?topic=orders`, { headers });
  onTestFinished(() => client.destroy());
  const tab = await stage.openConsole('webhooks', { viewport: { width: 1280, height: 800 } });
  await tab.getByRole('button', { name: 'crm' }).click();
  const rows = tab.locator('webhooks-page .dead tbody tr');
  // The page has a stream of its own.
  await expect.poll(() => rows.count(), PATIENCE).toBe(2);
  const row = rows.first();
  const id = await row.locator('th').textContent();
  expect(await row.locator('td').allTextContents()).toEqual(expect.arrayContaining(['session.opened', '1']));
  await expectAccessible(tab);
  await takePicture(tab, 'console-webhooks');

  receiver.answer(204);
  await tab.getByRole('button', { name: `Send again: ${id}` }).click();
  await tab.getByText('1 webhook is sent again, under the same id.').waitFor();
  await expect.poll(() => receiver.hooks.map((hook) => hook.id), PATIENCE).toContain(id);
  await expect.poll(() => rows.count(), PATIENCE).toBe(1);
  await tab.getByRole('button', { name: 'Send all again' }).click();
  await tab.getByText('Nothing was given up.').waitFor();
  // Not lost with the table, which a keyboard would have to come back to from the top of the page.
  await expect.poll(() => tab.evaluate(() => document.activeElement?.textContent), PATIENCE).toBe('Given up: crm');
  await expect.poll(() => receiver.hooks.map(({ type }) => type)).toEqual(['session.opened', 'session.opened']);
  await tab.setViewportSize({ width: 360, height: 640 });
  await expectFits(tab);
  await tab.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(tab);
});
