import { createTidings } from '@tidings/sdk/subscriber';
import type { Browser, Page } from 'playwright-core';
import { renderToString } from 'react-dom/server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestHub } from '../../packages/sdk/test/hub.ts';
import { launchBrowser } from '../browser.ts';
import { type Pages, servePages } from './pages.ts';
import { createPage, HYDRATED, type Part, type ReactPage } from './react.page.ts';

declare const page: ReactPage;

// Far more than it takes: machines are busy at times.
const eventually = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

let browser: Browser;
let pages: Pages;
let tab: Page;

beforeAll(async () => {
  [browser, pages] = await Promise.all([launchBrowser(), servePages('react')]);
  tab = await browser.newPage();
  await tab.goto(pages.origin);
  await tab.waitForFunction(() => 'page' in globalThis);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

async function open(subscribe = ['>'], html?: string) {
  const hub = await startTestHub({ TIDINGS_ALLOWED_ORIGINS: pages.origin });
  const options = { url: hub.url, token: await hub.token(subscribe), ...(html && { html }) };
  await tab.evaluate((given) => page.start(given), options);
  const state = (key: string) =>
    tab.evaluate((name) => {
      const { status, events = [], error } = page.states[name]?.at(-1) ?? { status: 'absent' };
      return { status, data: events.map(({ data }) => data), error: error?.code };
    }, key);
  return {
    hub,
    state,
    show: (...parts: Part[]) => tab.evaluate((given) => page.show(...given), parts),
    sees: (key: string, status: string, ...data: unknown[]) =>
      eventually(async () => expect(await state(key)).toMatchObject({ status, data })),
    requests: () => tab.evaluate(() => page.requests.splice(0)),
  };
}

describe('useTopic', () => {
  test('under StrictMode subscribes once, gets past and present, and leaves when it unmounts', async () => {
    const { hub, show, sees, requests } = await open();
    await hub.publish('a', 1, 2, 3);
    await show({ key: 'one', topic: 'a', options: { replay: 2, limit: 3 } }, { key: 'two', topic: 'a' });
    await sees('one', 'live', 2, 3);
    await sees('two', 'live');
    await hub.publish('a', 4, 5);
    await sees('one', 'live', 3, 4, 5);
    await sees('two', 'live', 5);
    expect(await hub.topics()).toEqual([['a']]);
    const sent = await requests();
    expect(sent.filter((each) => each === 'POST /v1/stream')).toHaveLength(1);
    // The past of the one comes by a change, since the other wants none.
    expect(sent.length).toBeLessThanOrEqual(2);
    const statuses = await tab.evaluate(() => page.states.two?.map(({ status }) => status));
    expect(statuses).not.toContain('ended');
    await show({ key: 'one', topic: 'a', options: { replay: 2, limit: 3 } });
    await show();
    await eventually(async () => expect(await hub.streams()).toBe(0));
    expect(await tab.evaluate(() => [page.complaints, page.connection])).toEqual([
      [],
      ['idle', 'connecting', 'open', 'idle'],
    ]);
  });

  test('another topic shows nothing of the one before, and no topic is not subscribed to', async () => {
    const { hub, show, sees, requests } = await open();
    await hub.publish('a', 1);
    await hub.publish('b', 2);
    await show({ key: 'x' });
    await sees('x', 'idle');
    expect(await requests()).toEqual([]);
    await show({ key: 'x', topic: 'a', options: { replay: 'last' } });
    await sees('x', 'live', 1);
    await show({ key: 'x', topic: 'b', options: { replay: 'last' } });
    await sees('x', 'live', 2);
    await show({ key: 'x', topic: 'b', options: { replay: 'all' } });
    await sees('x', 'live', 2);
    const seen = await tab.evaluate(() =>
      page.states.x?.map(({ status, events, latest }) => [status, events.map(({ data }) => data).join(), latest?.data]),
    );
    expect(seen?.filter(([status]) => status === 'pending')).toEqual(Array(3).fill(['pending', '', undefined]));
    expect((await requests()).filter((each) => each === 'POST /v1/stream')).toHaveLength(1);
    await eventually(async () => expect(await hub.topics()).toEqual([['b']]));
    await show({ key: 'x' });
    await sees('x', 'idle');
    await eventually(async () => expect(await hub.streams()).toBe(0));
  });

  test('renders once a frame under 1,000 events a second on 20 topics, and misses none', async () => {
    const { sees } = await open();
    const rows = Array.from({ length: 20 }, (_, row) => ({
      key: `row${row}`,
      topic: `t.${row}`,
      options: { limit: 99 },
    }));
    const tookMs = await tab.evaluate((parts) => page.flood(500, 1_000, ...parts), rows);
    for (const { key } of [rows[0], rows[19]] as Part[]) {
      const row = Number(key.slice(3));
      await sees(key, 'live', ...Array.from({ length: 25 }, (_, n) => 20 * n + row));
    }
    const commits = await tab.evaluate(() => page.commits);
    console.log(`500 events in ${Math.round(tookMs)} ms: ${commits} renders`);
    expect(commits).toBeLessThan(tookMs / 16 + 3);
  });

  test('calls the handler of the latest render for each event, and renders nothing for it', async () => {
    const { hub, show, sees } = await open();
    await show({ key: 'x', topic: 'a', handled: 'first' });
    await sees('x', 'live');
    await hub.publish('a', 1, 2);
    await eventually(async () => expect(await tab.evaluate(() => page.handled.length)).toBe(2));
    await show({ key: 'x', topic: 'a', handled: 'second' });
    const commits = await tab.evaluate(() => page.commits);
    await hub.publish('a', 3);
    await eventually(async () =>
      expect(await tab.evaluate(() => page.handled)).toEqual([
        ['first', 1],
        ['first', 2],
        ['second', 3],
      ]),
    );
    expect(await tab.evaluate(() => page.commits)).toBe(commits);
    expect(await tab.evaluate(() => page.states.x?.length)).toBe(2);
  });

  test('a state stays the same object until something comes, and a limit holds from the next event on', async () => {
    const { hub, show, sees, requests } = await open();
    const x = (limit: number): Part => ({ key: 'x', topic: 'a', options: { limit } });
    await show(x(2));
    await sees('x', 'live');
    await hub.publish('a', 1, 2, 3);
    await sees('x', 'live', 2, 3);
    await requests();
    const count = await tab.evaluate(() => page.states.x?.length);
    await show(x(2));
    await show(x(1));
    expect(await tab.evaluate(() => page.states.x?.length)).toBe(count);
    await hub.publish('a', 4);
    await sees('x', 'live', 4);
    await show(x(3));
    await hub.publish('a', 5);
    await sees('x', 'live', 4, 5);
    expect(await requests()).toEqual([]);
  });

  test('tells the end of a finite topic with all of it, and why a topic is refused', async () => {
    const { hub, show, sees, state, requests } = await open(['chat.*']);
    await hub.publish('chat.1', 'To', 'be');
    await show(
      { key: 'chat', topic: 'chat.1', options: { until: 'final', limit: 100 } },
      { key: 'secret', topic: 'secret' },
    );
    await sees('chat', 'live', 'To', 'be');
    expect(await requests()).toEqual(['POST /v1/stream', 'POST /v1/stream']);
    await hub.finish('chat.1', 'or not');
    await sees('chat', 'ended', 'To', 'be', 'or not');
    await eventually(async () =>
      expect(await state('secret')).toEqual({ status: 'ended', data: [], error: 'forbidden' }),
    );
  });

  test('goes on from what a server has rendered', async () => {
    const html = renderToString(createPage(createTidings({ url: 'http://nowhere.invalid' }), HYDRATED));
    expect(html).toBe('<p>idle</p>pending: ');
    const { hub, sees } = await open(['>'], html);
    await sees('a', 'live');
    await hub.publish('a', 1);
    await sees('a', 'live', 1);
    expect(await tab.evaluate(() => page.complaints)).toEqual([]);
  });
});
