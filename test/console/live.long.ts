import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();

interface Envelope {
  readonly id: string;
  readonly topic: string;
  readonly event?: string;
  readonly data: unknown;
}

async function readHistory(pattern: string): Promise<Envelope[]> {
  const answer = await fetch(`${stage.site.url}/v1/topics/${encodeURIComponent(pattern)}/events?limit=1000`, {
    headers: { authorization: `Bearer ${stage.site.adminToken}` },
  });
  return ((await answer.json()) as { events: Envelope[] }).events;
}

async function follow(tab: Page, topics: string, replay = 'none'): Promise<void> {
  await tab.getByLabel('Of the past').selectOption(replay);
  await tab.getByLabel('Topic or pattern').fill(topics);
  await tab.getByRole('button', { name: 'Add' }).click();
}

async function openLive(topic: string, replay: string): Promise<Page> {
  const tab = await stage.openConsole('live', {
    permissions: ['clipboard-read', 'clipboard-write'],
    viewport: { width: 1280, height: 800 },
  });
  await follow(tab, topic, replay);
  await tab.getByText('live', { exact: true }).waitFor();
  return tab;
}

const counter = (tab: Page, name: string) => tab.locator('.counters div', { hasText: name }).locator('dd');

async function expectCounter(tab: Page, name: string, count: number): Promise<void> {
  await expect.poll(() => counter(tab, name).textContent(), { timeout: 20_000 }).toBe(count.toLocaleString('en'));
}

/** The rows that are in the document: topic, name, data, id, bytes. */
const readRows = (tab: Page): Promise<string[][]> =>
  tab
    .locator('.event-rows [role="row"]')
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.querySelectorAll('[role="gridcell"]')].slice(1, 6).map((cell) => cell.textContent ?? ''),
      ),
    );

/** All rows, by paging through the list from its start. */
const readAllRows = (tab: Page): Promise<string[][]> =>
  tab.getByRole('grid').evaluate(async (list) => {
    const all = new Map<string | undefined, string[]>();
    for (let top = 0; top < list.scrollHeight; top += 500) {
      list.scrollTop = top;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      for (const row of list.querySelectorAll<HTMLElement>('[data-row]')) {
        const cells = [...row.querySelectorAll('[role="gridcell"]')].slice(1, 6).map((cell) => cell.textContent ?? '');
        all.set(row.dataset.row, cells);
      }
    }
    return [...all].sort(([one], [other]) => Number(one) - Number(other)).map(([, cells]) => cells);
  });

const toCells = ({ id, topic, event = '', data }: Envelope): string[] => {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return [topic, event, text, id, String(Buffer.byteLength(text))];
};

describe('the page of live events', () => {
  test('shows each event once and in order, as the history of the hub has it, however its topics overlap', async () => {
    const tab = await openLive('shop.orders.* shop.>', 'none');
    const events = Array.from({ length: 1_000 }, (_, place) => ({
      topic: place % 3 === 0 ? `shop.orders.${place % 7}` : 'shop.chat',
      ...(place % 2 === 0 && { event: 'née' }),
      data: place % 5 === 0 ? `grüße ${place} ${place === 0 ? '🎈' : '€'}` : { place, text: 'naïve' },
    }));
    await stage.site.publisher.publishMany(events);
    await expectCounter(tab, 'Received', 1_000);
    const kept = await readHistory('shop.>');
    expect(kept).toHaveLength(1_000);
    const rows = await readAllRows(tab);
    expect(rows).toHaveLength(1_000);
    // One by one: to show how two lists of a thousand differ takes minutes.
    for (const [place, event] of kept.entries()) expect(rows[place]).toEqual(toCells(event));
    const bytes = kept.reduce((sum, event) => sum + Number(toCells(event)[4]), 0);
    await expectCounter(tab, 'Bytes', bytes);
    // The pattern brought all, the narrower one its part of them.
    expect(await tab.locator('[data-topic="shop.>"] .number').textContent()).toBe('1000');
    expect(await tab.locator('[data-topic="shop.orders.*"] .number').textContent()).toBe('334');

    await tab.getByLabel('Filter').fill('ORDERS.3');
    const orders = kept.filter(({ topic }) => topic === 'shop.orders.3');
    await expectCounter(tab, 'Shown', orders.length);
    await stage.site.publisher.publishMany([
      { topic: 'shop.chat', data: 'not of this filter' },
      { topic: 'shop.orders.3', data: 'of this filter' },
    ]);
    await expectCounter(tab, 'Received', 1_002);
    await expectCounter(tab, 'Shown', orders.length + 1);
    await tab.getByLabel('Filter').fill('');
    await expectCounter(tab, 'Shown', 1_002);

    for (const [place, state] of ['packed', 'shipped', 'delivered'].entries()) {
      await stage.site.publisher.publish(`shop.orders.${place}`, { state, at: 'Zürich' }, { event: 'status' });
    }
    await expectCounter(tab, 'Received', 1_005);
    await tab.getByRole('grid').press('End');
    await tab.getByRole('heading', { name: 'status on shop.orders.2' }).waitFor();
    await takePicture(tab, 'console-live');
    await tab.emulateMedia({ colorScheme: 'dark' });
    await takePicture(tab, 'console-live-dark');
  });

  test('is read by keyboard, and gives the command that publishes an event again', async () => {
    const awkward = { text: 'it\'s $HOME `id` \\ "quoted" — 日本', list: [1, -2.5e-7, null] };
    await stage.site.publisher.publish('again.it', 'first');
    await stage.site.publisher.publish('again.it', awkward, { event: 'a name' });
    const tab = await openLive('again.it', 'all');
    await expectCounter(tab, 'Received', 2);
    expect((await readRows(tab)).map(([, name]) => name)).toEqual(['', 'a name']);
    await tab.getByRole('grid').focus();
    await tab.keyboard.press('Home');
    await tab.getByRole('heading', { name: 'Unnamed event on again.it' }).waitFor();
    await tab.keyboard.press('ArrowDown');
    const detail = tab.getByRole('region', { name: 'The selected event' });
    await detail.getByRole('heading', { name: 'a name on again.it' }).waitFor();
    expect(JSON.parse(String(await detail.locator('.event-data').textContent()))).toEqual(awkward);
    const active = await tab.getByRole('grid').getAttribute('aria-activedescendant');
    expect(await tab.locator(`#${active}`).getAttribute('aria-selected')).toBe('true');
    expect(await tab.locator(`#${active} > :last-child`).textContent()).toBe('replayed');
    await tab.setViewportSize({ width: 360, height: 640 });
    await expectAccessible(tab);
    await expectFits(tab);
    await tab.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(tab);

    await detail.getByRole('button', { name: 'Copy as curl' }).click();
    await detail.getByText('Copied').waitFor();
    const command = await tab.evaluate(() => navigator.clipboard.readText());
    expect(command).not.toContain(stage.site.adminToken);
    const env = { PATH: process.env.PATH, TOKEN: stage.site.adminToken };
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env });
    const { id } = JSON.parse(stdout);
    const [, second, third] = await readHistory('again.it');
    expect(third).toMatchObject({ id, event: 'a name', data: second?.data });
    await expectCounter(tab, 'Received', 3);
  });

  test('keeps a pause still and brings what came meanwhile, and says what a topic is refused for', async () => {
    const tab = await stage.openConsole('live', { refusals: [403, 422] });
    await follow(tab, '$hub.secret');
    await tab.locator('[data-topic="$hub.secret"] .fault', { hasText: '(forbidden)' }).waitFor();
    await tab.getByRole('button', { name: 'Remove $hub.secret' }).click();
    await follow(tab, 'a..b');
    await tab.locator('[data-topic="a..b"] .fault', { hasText: '(invalid-topic)' }).waitFor();
    await tab.getByRole('button', { name: 'Dismiss' }).click();
    await tab.evaluate(() => {
      location.hash = '#/live?topic=pause.1&topic=%24hub.audit';
    });
    await tab.locator('[data-topic="pause.1"]').waitFor();
    expect(await tab.locator('.topic-list li').count()).toBe(2);
    await tab.getByText('live', { exact: true }).waitFor();
    await stage.site.publisher.publish('pause.1', 'before');
    // The event itself, and what the hub noted of it.
    await tab.locator('.event-rows', { hasText: '"audit":"published"' }).waitFor();
    await tab.locator('.event-rows', { hasText: 'before' }).waitFor();
    await tab.getByRole('button', { name: 'Remove $hub.audit' }).click();
    await tab.waitForURL(/#\/live\?topic=pause\.1$/);
    await tab.getByRole('button', { name: 'Clear' }).click();
    await tab.getByRole('button', { name: 'Pause', exact: true }).click();
    const received = Number(await counter(tab, 'Received').textContent());
    await stage.site.publisher.publishMany(['1', '2', '3'].map((data) => ({ topic: 'pause.1', data })));
    await expectCounter(tab, 'Received', received + 3);
    await tab.getByText('3 wait').waitFor();
    expect(await readRows(tab)).toEqual([]);
    await tab.getByRole('button', { name: 'Resume' }).click();
    await expectCounter(tab, 'Shown', 3);
    expect((await readRows(tab)).map(([, , data]) => data)).toEqual(['1', '2', '3']);
  });

  test('marks the place where history is missing', async () => {
    const tab = await stage.openConsole('live');
    // A stream that was begun on another hub, and is resumed here.
    const body = 'retry: 1\n\nevent: hub.hello\nid: another.1.hub0\ndata: {"session":"a","topics":["gap.1"]}\n\n';
    const contentType = 'text/event-stream; charset=utf-8';
    await tab.route('**/v1/stream*', (route) => route.fulfill({ contentType, body }), { times: 1 });
    await follow(tab, 'gap.1');
    await tab.locator('[data-kind="gap"]', { hasText: 'Gap: the hub began a new history' }).click();
    await tab.getByRole('heading', { name: 'Gap', exact: true }).waitFor();
  });

  test('takes 20,000 events in 4 s, holds the newest 10,000 of them and few rows, and stays at the end', async () => {
    const tab = await openLive('burst.>', 'none');
    await tab.evaluate(() => {
      const seen = { mostRows: 0 };
      Object.assign(globalThis, { seen });
      const look = (): void => {
        seen.mostRows = Math.max(seen.mostRows, document.querySelectorAll('[role="row"]').length);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const startMs = performance.now();
    for (let part = 0; part < 20; part += 1) {
      await stage.site.publisher.publishMany(
        Array.from({ length: 1_000 }, (_, place) => ({ topic: `burst.${place % 9}`, data: part * 1_000 + place })),
      );
      const aheadMs = startMs + (part + 1) * 200 - performance.now();
      if (aheadMs > 0) await tab.waitForTimeout(aheadMs);
    }
    await expectCounter(tab, 'Received', 20_000);
    await expectCounter(tab, 'Shown', 10_000);
    await expectCounter(tab, 'Dropped from view', 10_000);
    const seen = await tab.evaluate(() => (globalThis as unknown as { seen: { mostRows: number } }).seen);
    expect(seen.mostRows).toBeLessThan(100);
    expect((await readRows(tab)).at(-1)?.[2]).toBe('19999');
    const list = tab.getByRole('grid');
    expect(await list.getAttribute('aria-rowcount')).toBe('10001');

    // What one reads stays in its place as older rows go.
    await list.focus();
    await tab.keyboard.press('End');
    for (let page = 0; page < 3; page += 1) await tab.keyboard.press('PageUp');
    const heading = await tab.getByRole('region', { name: 'The selected event' }).locator('.event-data').textContent();
    const top = () => tab.locator('[aria-selected="true"]').evaluate((row) => row.getBoundingClientRect().top);
    const topBefore = await top();
    await stage.site.publisher.publishMany(Array.from({ length: 500 }, () => ({ topic: 'burst.1', data: 'later' })));
    await expectCounter(tab, 'Dropped from view', 10_500);
    expect(Math.abs((await top()) - topBefore)).toBeLessThan(2);
    expect(await tab.locator('[aria-selected="true"] > :nth-child(4)').textContent()).toBe(heading);
    await tab.getByRole('button', { name: 'Follow the newest' }).click();
    await expect.poll(async () => (await readRows(tab)).at(-1)?.[2]).toBe('later');
  });
});
