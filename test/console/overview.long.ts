import { openStream, type StreamClient } from '@tidings/runtime/testing';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();
const PATIENCE = { timeout: 10_000 };

async function listen(query: string): Promise<StreamClient> {
  const { url, adminToken } = stage.site;
  const client = await openStream(`${url}/v1/stream?${query}`, { headers: { authorization: `Bearer ${adminToken}` } });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

async function publish(count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    await stage.site.publisher.publish('overview.a', { number });
  }
}

async function countListeners(): Promise<number> {
  const { url, adminToken } = stage.site;
  const headers = { authorization: `Bearer ${adminToken}` };
  const { sessions } = await (await fetch(`${url}/v1/sessions?topic=overview.a`, { headers })).json();
  return sessions.length;
}

/** What tiles say: a number, and the note below it. */
const readTiles = (tab: Page): Promise<Record<string, [string, string]>> =>
  tab.locator('.tile').evaluateAll((tiles) =>
    Object.fromEntries(
      tiles.map((tile) => {
        const [name, value, note] = [...tile.children].map((part) => part.textContent?.replaceAll(/\s+/g, ' ').trim());
        return [name, [value, note]];
      }),
    ),
  );

const expectTiles = (tab: Page, expected: Record<string, readonly [string, string] | string>): Promise<void> =>
  expect
    .poll(async () => {
      const tiles = await readTiles(tab);
      const names = Object.keys(expected);
      return Object.fromEntries(
        names.map((name) => [name, typeof expected[name] === 'string' ? tiles[name]?.[0] : tiles[name]]),
      );
    }, PATIENCE)
    .toEqual(expected);

/** The sums of a column over all nodes. */
const sumOf = (tab: Page, head: string): Promise<number> =>
  tab.locator('table.nodes').evaluate((table, name) => {
    const place = [...table.querySelectorAll('thead th')].findIndex(({ textContent }) => textContent === name);
    const cells = [...table.querySelectorAll(`tbody tr > :nth-child(${place + 1})`)];
    return cells.reduce((sum, { textContent }) => sum + Number(textContent?.replaceAll(',', '')), 0);
  }, head);

/** How many pixels of a chart have the colour of one of its lines. */
const pixelsOf = (tab: Page, title: string, series: number): Promise<number> =>
  tab.locator('metrics-chart', { hasText: title }).evaluate((chart, variable) => {
    const canvas = chart.querySelector('canvas') as HTMLCanvasElement;
    const hex = getComputedStyle(document.documentElement).getPropertyValue(variable).trim().slice(1);
    const wanted = [0, 2, 4].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(
      0,
      0,
      canvas.width,
      canvas.height,
    );
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255 && wanted.every((value, part) => data[at + part] === value)) found += 1;
    }
    return found;
  }, `--series-${series}`);

const hide = (tab: Page, isHidden: boolean): Promise<void> =>
  tab.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);

/** What the page was told, drawn or not. */
const publishedOf = (tab: Page): Promise<number> =>
  tab.evaluate(() => {
    const page = document.querySelector('overview-page') as unknown as { newest: { total: { published: number } } };
    return page.newest.total.published;
  });

describe('the overview', () => {
  test('counts streams, events, resumes and gaps as they were, and draws them', async () => {
    const tab = await stage.openConsole('overview', { viewport: { width: 1280, height: 800 } });
    await tab.getByText('Waiting for the first numbers').waitFor();
    // The page's own stream is one.
    await expectTiles(tab, { Streams: '1', 'Events in': ['0.0 /s', '0 in all'], 'Latency, p50': '–' });

    const [leaving] = await Promise.all([1, 2, 3].map(() => listen('topic=overview.*')));
    await publish(10);
    await leaving?.until(() => leaving.published().length === 10);
    leaving?.destroy();
    await expect.poll(countListeners, PATIENCE).toBe(2);
    await publish(2);
    const back = await listen(`topic=overview.*&last_event_id=${leaving?.lastEventId}`);
    await back.until(() => back.published().length === 2);
    await listen('topic=overview.*&last_event_id=nonsense');
    await expectTiles(tab, {
      Streams: '5',
      'Events in': ['0.0 /s', '12 in all'],
      'Events out': ['0.0 /s', '36 in all'],
      Lagging: '0',
      Resumes: ['2', 'ring 1, history 0, gap 1'],
      Gaps: '1',
    });
    expect(await sumOf(tab, 'Streams')).toBe(5);
    expect(await sumOf(tab, 'Published')).toBe(12);
    expect(await sumOf(tab, 'Delivered')).toBe(36);
    await takePicture(tab, 'console-overview');

    const select = tab.getByLabel('Charts show');
    const node = (await tab.locator('table.nodes tbody th').first().textContent()) as string;
    await select.selectOption(node);
    await tab.getByRole('img', { name: `Streams of node ${node} in the last 5 minutes: open now` }).waitFor();
    expect(await pixelsOf(tab, 'Events per second', 1)).toBeGreaterThan(20);

    // A page that nobody sees counts on, and draws nothing.
    await hide(tab, true);
    await publish(1);
    await expect.poll(() => publishedOf(tab), PATIENCE).toBe(13);
    expect((await readTiles(tab))['Events in']?.[1]).toBe('12 in all');
    await hide(tab, false);
    await expectTiles(tab, { 'Events in': ['0.0 /s', '13 in all'] });

    await tab.evaluate(() => {
      const { hub } = document.querySelector('overview-page') as unknown as { hub: { tidings: { close(): void } } };
      hub.tidings.close();
    });
    await expectAccessible(tab);
    await tab.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => pixelsOf(tab, 'Events per second', 1), PATIENCE).toBeGreaterThan(20);
    await expectAccessible(tab);
    await takePicture(tab, 'console-overview-dark');

    await tab.setViewportSize({ width: 360, height: 640 });
    await expectFits(tab);
    const widthOf = (selector: string): Promise<number> =>
      tab
        .locator(selector)
        .first()
        .evaluate(({ clientWidth }) => clientWidth);
    await expect.poll(() => widthOf('.plot canvas'), PATIENCE).toBe(await widthOf('.plot'));

    // What was there stays, and a note says since when nothing came.
    await tab.getByText('Nothing has come since').waitFor();
    await expectTiles(tab, { Streams: '5' });
  });
});
