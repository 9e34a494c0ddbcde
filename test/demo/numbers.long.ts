import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { APPS } from '../../packages/demo/src/app-list.ts';
import type { Gauge } from '../../packages/demo/src/dashboard/back-end.ts';
import type { Match, Quote } from '../../packages/demo/src/ticker/back-end.ts';
import { expectAccessible } from '../console/console-tab.ts';
import { inspect, provideDemo } from './demo-tab.ts';

const stage = provideDemo();
const PATIENCE = { timeout: 20_000, interval: 50 };

/**
 * Waits until what a page shows of each topic is what was last published there, while more is published: one of the events
 * from the last before the page was read to the last after.
 */
async function expectLast<Data>(
  pattern: string,
  topics: number,
  read: () => Promise<ReadonlyMap<string, string>>,
  show: (data: Data, time: string) => string,
): Promise<void> {
  await vi.waitFor(async () => {
    const before = await stage.published<Data>(pattern);
    const shown = await read();
    const after = await stage.published<Data>(pattern);
    expect(shown.size).toBe(topics);
    for (const [topic, text] of shown) {
      const from = before.findLastIndex((event) => event.topic === topic);
      expect(from, topic).not.toBe(-1);
      const texts = after
        .slice(from)
        .filter((event) => event.topic === topic)
        .map(({ data, time }) => show(data, time));
      expect(texts, topic).toContain(text);
    }
  }, PATIENCE);
}

const readGauges = async (tab: Page): Promise<Map<string, string>> =>
  new Map(
    await tab.locator('.gauges > div').evaluateAll((gauges) =>
      gauges.map((gauge): [string, string] => {
        const number = gauge.querySelector('.number')?.textContent ?? '';
        const points = gauge.querySelector('polyline')?.getAttribute('points')?.split(' ').length;
        return [gauge.getAttribute('data-topic') ?? '', `${number} ${gauge.querySelector('meter')?.value} ${points}`];
      }),
    ),
  );

const readQuotes = async (tab: Page): Promise<Map<string, string>> =>
  new Map(
    await tab.locator('tbody tr').evaluateAll((rows) =>
      rows.map((row): [string, string] => {
        const [stock, price, change] = [...row.children].map(({ textContent }) => textContent ?? '');
        return [`demo.stock.${stock}`, `${price} ${change} ${row.className} ${row.querySelector('time')?.dateTime}`];
      }),
    ),
  );

describe('the index', () => {
  test('is linked from the first page beside the console, leads to every application, and each shows its source', async () => {
    const tab = await stage.openApp('');
    if (stage.site.hasFirstPage) {
      await tab.goto(stage.site.url);
      const consoleLink = await tab.getByRole('link', { name: 'console' }).getAttribute('href');
      expect(consoleLink).toBe(`/console#token=${stage.site.adminToken}`);
      await tab.getByRole('link', { name: 'Demo' }).click();
    }
    await tab.getByRole('heading', { name: 'What people use' }).waitFor();
    await inspect(tab, 'demo-index');
    const links = tab.locator('.card a');
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual(
      APPS.map(({ name }) => `/demo/${name}`),
    );
    await links.first().click();
    await tab.getByRole('tab', { name: 'back-end.ts' }).click();
    await tab.getByRole('region', { name: 'back-end.ts' }).getByText('publisher.pipe(').waitFor();
    await expectAccessible(tab);
    await tab.keyboard.press('ArrowLeft');
    await tab.getByRole('region', { name: 'page.ts' }).getByText('createTidings<LlmTopics>').waitFor();
    await tab.setViewportSize({ width: 700, height: 700 });
    await tab.getByText('Its source').click();
    await tab.getByRole('region', { name: 'page.ts' }).waitFor();
  });
});

describe('a live dashboard', () => {
  test('shows every number at once to who comes late, and then each change', async () => {
    const first = await stage.openApp('dashboard');
    await first.locator('.gauges > div').nth(5).waitFor();
    const late = await stage.openApp('dashboard');
    await late.locator('.gauges > div').first().waitFor();
    expect(await late.locator('.gauges > div').count()).toBe(6);
    const show = ({ value, recent }: Gauge): string => `${value.toLocaleString('en')} ${value} ${recent.length}`;
    for (const tab of [first, late]) await expectLast('demo.dashboard.*', 6, () => readGauges(tab), show);
    await inspect(late, 'demo-dashboard');
    const before = JSON.stringify([...(await readGauges(late))]);
    await vi.waitFor(async () => expect(JSON.stringify([...(await readGauges(late))])).not.toBe(before), PATIENCE);
  });
});

describe('a ticker', () => {
  test('has the last price of every stock and the match as it stands, and is still while it is paused', async () => {
    const tab = await stage.openApp('ticker');
    const show = ({ price, change }: Quote, time: string): string => {
      const [kind, sign] = change > 0 ? ['up', '▲ +'] : change < 0 ? ['down', '▼ −'] : ['same', ''];
      return `${price.toFixed(2)} ${sign}${Math.abs(change).toFixed(2)} ${kind} ${time}`;
    };
    await expectLast('demo.stock.*', 10, () => readQuotes(tab), show);
    const match = async (): Promise<Map<string, string>> =>
      new Map([['demo.match', ((await tab.locator('.match').textContent()) ?? '').replaceAll(/\s+/g, ' ').trim()]]);
    const showMatch = ({ home, away, minute }: Match): string => `Lions ${home} : ${away} Owls ${minute}′`;
    await expectLast('demo.match', 1, match, showMatch);
    await inspect(tab, 'demo-ticker');
    // A price every fifth of a second for each of ten.
    const times = (await stage.published<Quote>('demo.stock.ACME')).map(({ time }) => Date.parse(time));
    expect(((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1)).toBeLessThan(400);

    await tab.getByRole('button', { name: 'Pause' }).click();
    const paused = await readQuotes(tab);
    // The back end stops, since nobody looks: between two looks at the history nothing comes.
    let count = 0;
    const expectNothingNew = async (): Promise<void> => {
      const before = count;
      count = (await stage.published('demo.stock.*')).length;
      expect(count).toBe(before);
    };
    await vi.waitFor(expectNothingNew, { ...PATIENCE, interval: 450 });
    expect(await readQuotes(tab)).toEqual(paused);
    await tab.getByRole('button', { name: 'Go on' }).click();
    await vi.waitFor(async () => expect(await readQuotes(tab)).not.toEqual(paused), PATIENCE);
  });
});
