import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startClusterSite } from './cluster-site.ts';
import { expectAccessible, provideConsole } from './console-tab.ts';

const stage = provideConsole(startClusterSite);
const PATIENCE = { timeout: 10_000 };

async function listen(topic: string): Promise<StreamClient> {
  const { url, adminToken } = stage.site;
  const client = await openStream(`${url}/v1/stream?topic=${topic}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

describe('the console of two edges', () => {
  test('shows on each of its pages what was published, and who listens, on both', async () => {
    // The session that is closed is asked about once more.
    const tab = await stage.openConsole('overview', { refusals: [404], viewport: { width: 1280, height: 800 } });
    const tile = (name: string) => tab.locator('.tile', { has: tab.getByText(name, { exact: true }) });
    const clients = await Promise.all([1, 2, 3].map(() => listen('walk.*')));
    await tile('Streams').getByText('on 2 edges').waitFor();
    await expect.poll(() => tile('Streams').locator('strong').textContent(), PATIENCE).toBe('4');
    await expectAccessible(tab);

    await tab.getByRole('link', { name: 'Publish' }).click();
    await tab.getByLabel('Topic', { exact: true }).fill('walk.1');
    await tab.getByLabel('Data', { exact: true }).fill('from the form');
    await tab.getByRole('button', { name: 'Publish' }).click();
    await tab.locator('.publish-answer').getByText('walk.1: stored as').waitFor();
    await stage.site.publisher.publish('walk.2', { state: 'shipped' }, { event: 'status' });
    for (const client of clients) {
      await client.until(() => client.published().length === 2);
      expect(client.published().map(({ data }) => data)).toEqual(['from the form', '{"state":"shipped"}']);
    }
    await expectAccessible(tab);

    await tab.getByRole('link', { name: 'Live events' }).click();
    await tab.getByLabel('Of the past').selectOption('all');
    await tab.getByLabel('Topic or pattern').fill('walk.*');
    await tab.getByRole('button', { name: 'Add' }).click();
    const rows = tab.locator('.event-rows [role="row"]');
    await expect.poll(() => rows.count(), PATIENCE).toBe(2);
    expect(await rows.allTextContents()).toEqual([
      expect.stringMatching(/walk\.1.*from the form.*13.*replayed/s),
      expect.stringMatching(/walk\.2.*status.*\{"state":"shipped"\}.*19.*replayed/s),
    ]);
    await expectAccessible(tab);

    await tab.getByRole('link', { name: 'Sessions' }).click();
    const [leaving] = clients as [StreamClient, ...StreamClient[]];
    const id = leaving.headers['tidings-session'] as string;
    const session = tab.locator('table.sessions tbody tr', { has: tab.getByTitle(id) });
    await session.getByRole('button').click();
    await tab.getByRole('button', { name: 'Close this session' }).click();
    await expectAccessible(tab);
    await tab.getByRole('button', { name: 'Close it' }).click();
    expect(JSON.parse((await leaving.event('hub.bye')).data)).toMatchObject({ reason: 'kicked' });

    await tab.getByRole('link', { name: 'Tokens' }).click();
    await tab.getByRole('button', { name: 'This page’s' }).click();
    await tab.getByRole('button', { name: 'Ask this hub' }).click();
    await tab.getByText('The hub takes it (200).').waitFor();
    await expectAccessible(tab);
  });
});
