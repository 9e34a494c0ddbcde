import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { launchBrowser } from './browser.ts';
import { GUIDE, IN_BROWSER, readGuide } from './event-source-guide.ts';
import { createStage } from './guide-stage.ts';
import { ROOT } from './hub-process.ts';
import { type StaticFiles, serveFiles } from './static-files.ts';

// Far more than it takes: machines are busy at times.
const WAIT = { timeout: 30_000, interval: 100 };
const SECRET = 'a secret of this test that is 32 bytes or longer';

let files: StaticFiles;
let browser: Browser;
let hub: Hub;
let tokens: { readonly token: string; readonly publish: string };

beforeAll(async () => {
  [files, browser] = await Promise.all([serveFiles(ROOT), launchBrowser()]);
  const env = {
    PORT: '0',
    TIDINGS_ADMIN_PORT: '0',
    TIDINGS_ALLOWED_ORIGINS: files.origin,
    TIDINGS_JWT_SECRET: SECRET,
  };
  hub = await startHub(loadSettings(env), createLogger('hub', 'fatal', { write() {} }));
  tokens = { token: await mint({ subscribe: ['>'] }), publish: await mint({ publish: ['>'] }) };
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  await files?.close();
});

let minted = 0;

/** Each token is issued a second after the one before, and lasts from now on. */
function mint(tidings: object, tenant = 'default', lifetimeSec = 600): Promise<string> {
  minted += 1;
  const agoSec = 100 - minted;
  const clock = { ...systemClock, now: () => Date.now() - 1_000 * agoSec };
  return mintToken(SECRET, { sub: 'alice', tenant, tidings }, agoSec + lifetimeSec, clock);
}

/** Runs a program with what the hub prints in its environment, until it ends or the test does. */
function run({ onTestFinished }: TestContext, program: string, ...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    TIDINGS_URL: hub.url,
    TIDINGS_TOKEN: tokens.token,
    TIDINGS_PUBLISH_TOKEN: tokens.publish,
  };
  const child = spawn(process.execPath, [join(ROOT, 'docs/examples', program), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  const closed = once(child, 'close').then(([code]) => code);
  const kill = (): Promise<number | null> => {
    child.kill('SIGKILL');
    return closed;
  };
  onTestFinished(() => void kill());
  return { lines: () => output.split('\n').slice(0, -1), closed, kill };
}

/** Opens the page of an example with that, and more, in its fragment. */
async function openPage(
  { onTestFinished }: TestContext,
  example: string,
  settings: Record<string, string>,
): Promise<Page> {
  const tab = await browser.newPage();
  onTestFinished(() => tab.close());
  tab.on('pageerror', (error) => console.error(example, error));
  const fragment = new URLSearchParams({ url: hub.url, ...tokens, ...settings });
  await tab.goto(`${files.origin}/docs/examples/${example}/#${fragment}`);
  return tab;
}

const textOf = (tab: Page, selector: string) => tab.locator(selector).textContent();
const shows = (tab: Page, selector: string, text: string | RegExp) =>
  tab.locator(selector, { hasText: text }).waitFor({ timeout: WAIT.timeout });

describe.concurrent('the examples do what they say', () => {
  test('llm-tokens: an answer is seen from its first word, also after a reload in the middle', async (context) => {
    const model = run(context, 'llm-tokens/model.mjs', 'chat.1', '50');
    const tab = await openPage(context, 'llm-tokens', { topic: 'chat.1' });
    await shows(tab, '#answer', /^Tidings are news of/);
    await tab.reload();
    await shows(tab, '#answer', /^Tidings are news of/);
    await shows(tab, '#state', 'done');
    expect(await textOf(tab, '#answer')).toMatch(/^Tidings are news of what .* or came late\.$/s);
    expect(await model.closed).toBe(0);
    expect(model.lines()).toEqual(['31 tokens went to chat.1']);
  });

  test('build-log: a reader that is killed and started again misses no line', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-examples-'));
    context.onTestFinished(() => rmSync(folder, { recursive: true }));
    const command = join(folder, 'command.mjs');
    // Half of it, and the rest when it may go on.
    writeFileSync(
      command,
      `import { existsSync } from 'node:fs';
      const print = (from) => { for (let n = from; n < from + 20; n += 1) console.log('line', n); };
      print(1);
      while (!existsSync(${JSON.stringify(join(folder, 'go'))})) await new Promise((resolve) => setTimeout(resolve, 20));
      print(21);
      process.exitCode = 3;`,
    );
    const build = run(context, 'build-log/build.mjs', 'builds.1', process.execPath, command);
    const first = run(context, 'build-log/read.mjs', 'builds.1', join(folder, 'cursor'));
    await vi.waitFor(() => expect(first.lines()).toHaveLength(20), WAIT);
    await first.kill();
    const second = run(context, 'build-log/read.mjs', 'builds.1', join(folder, 'cursor'));
    writeFileSync(join(folder, 'go'), '');
    expect(await build.closed).toBe(0);
    expect(await second.closed).toBe(0);
    expect(second.lines()[0]).not.toBe('line 1');
    const lines = [...new Set([...first.lines(), ...second.lines()])];
    expect(lines).toEqual([...Array.from({ length: 40 }, (_, n) => `line ${n + 1}`), 'end {"code":3}']);
  });

  test('notifications: what is unread is counted the same after a reload', async (context) => {
    expect(await run(context, 'notifications/notify.mjs', 'alice', 'one', 'two').closed).toBe(0);
    const tab = await openPage(context, 'notifications', { user: 'alice' });
    await shows(tab, 'button', '2 unread');
    await tab.locator('button').click();
    await shows(tab, 'button', '0 unread');
    await run(context, 'notifications/notify.mjs', 'alice', 'three').closed;
    await shows(tab, 'button', '1 unread');
    await tab.reload();
    await shows(tab, 'ul', /three\s*two\s*one/);
    await shows(tab, 'button', '1 unread');
    expect(await tab.title()).toBe('(1) Notifications');
  });

  test('ticker: the last price of each is there at once', async (context) => {
    expect(await run(context, 'ticker/publish.mjs', '2', '1').closed).toBe(0);
    const watch = run(context, 'ticker/watch.mjs');
    await vi.waitFor(() => expect(watch.lines()).toContain('(from here on live)'), WAIT);
    expect(watch.lines()).toHaveLength(4);
    await run(context, 'ticker/publish.mjs', '1', '1').closed;
    await vi.waitFor(() => expect(watch.lines()).toHaveLength(7), WAIT);
    expect(watch.lines().slice(-3).join()).toMatch(/^prices.tin +\d+ .,prices.zinc +\d+ .,prices.lead +\d+ .$/);
  });

  test('support-desk: others see who is typing, oneself does not, and only messages stay', async (context) => {
    const ada = await openPage(context, 'support-desk', { name: 'Ada' });
    const bob = await openPage(context, 'support-desk', { name: 'Bob' });
    await vi.waitFor(async () => expect(await topicsOpen('desk.7')).toBe(2), WAIT);
    await ada.locator('input').pressSequentially('Hello');
    await shows(bob, '#typing', 'Ada is typing …');
    await ada.locator('button').click();
    await Promise.all([ada, bob].map((tab) => shows(tab, 'ul', 'Ada: Hello')));
    expect(await textOf(bob, '#typing')).toBe('');
    expect(await textOf(ada, '#typing')).toBe('');
    await bob.reload();
    await shows(bob, 'ul', 'Ada: Hello');
    expect(await textOf(bob, '#typing')).toBe('');
  });
});

async function topicsOpen(topic: string): Promise<number> {
  const headers = { authorization: `Bearer ${tokens.token}` };
  const answer = await fetch(`${hub.url}/v1/topics/${topic}/presence`, { headers });
  return ((await answer.json()) as { subscribers: number }).subscribers;
}

describe.concurrent('the guide to EventSource', () => {
  test('every block of its code is run', () => {
    expect(readGuide().map(({ title }) => title)).toEqual(Object.keys(GUIDE));
  });

  test.for(readGuide())('$title', async ({ title, code }, context) => {
    const { origin } = files;
    const visitor = IN_BROWSER.includes(title) ? { context: await browser.newContext(), origin } : undefined;
    context.onTestFinished(() => visitor?.context.close());
    // A tenant of its own, so that no other is heard.
    const tenant = title.replaceAll(/\W/g, '');
    const mintFor = (tidings: object, lifetimeSec?: number) => mint(tidings, tenant, lifetimeSec);
    await GUIDE[title]?.(await createStage(context, { hub: hub.url, code, mint: mintFor, visitor }));
  });
});
