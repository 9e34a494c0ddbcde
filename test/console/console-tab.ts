import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, ConsoleMessage, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { ROOT } from '../hub-process.ts';
import { startClusterSite } from './cluster-site.ts';
import { type Site, startHubSite } from './site.ts';

declare const axe: { run(): Promise<AxeResults> };

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ARTEFACTS = join(ROOT, 'test-results');

interface TabOptions extends BrowserContextOptions {
  /** Statuses that the page is meant to be answered: the browser complains of them, and the page shows them. */
  readonly refusals?: readonly number[];
}

/** A browser and a site, for the tests of a file. */
export interface ConsoleStage {
  readonly browser: Browser;
  readonly site: Site;
  /**
   * Opens an address of the site in a profile of its own. When the test ends, nothing may stand in the page's console: no
   * error, and no violation of its content security policy.
   */
  openTab(path: string, options?: TabOptions): Promise<Page>;
  /** Opens a page of the console, logged in as an admin. */
  openConsole(page: string, options?: TabOptions): Promise<Page>;
}

const startNamedSite = (): Promise<Site> => (process.env.TEST_SITE === 'cluster' ? startClusterSite() : startHubSite());

/**
 * Starts a browser and a site before the tests of a file; both end after them.
 * @param startSite the site that `TEST_SITE` names when it is left out, `hub` or `cluster`; a hub without it.
 */
export function provideConsole(startSite: () => Promise<Site> = startNamedSite): ConsoleStage {
  let browser: Browser | undefined;
  let site: Site | undefined;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launchBrowser(), startSite()]);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  const stage: ConsoleStage = {
    get browser() {
      return browser as Browser;
    },
    get site() {
      return site as Site;
    },
    async openTab(path, { refusals = [], ...options } = {}) {
      const context = await stage.browser.newContext(options);
      const tab = await context.newPage();
      const complaints: string[] = [];
      tab.on('console', (message) => {
        if (message.type() === 'error' && !isRemark(message, refusals)) complaints.push(message.text());
      });
      tab.on('pageerror', (error) => complaints.push(String(error)));
      onTestFinished(async () => {
        await context.close();
        expect(complaints).toEqual([]);
      });
      await tab.goto(stage.site.url + path);
      return tab;
    },
    async openConsole(page, options) {
      const tab = await stage.openTab(`/console#token=${stage.site.adminToken}`, options);
      await tab.getByRole('navigation', { name: 'Pages' }).waitFor();
      await tab.evaluate((path) => {
        location.hash = `#/${path}`;
      }, page);
      await tab.locator(`nav a[href="#/${page}"][aria-current="page"]`).waitFor();
      return tab;
    },
  };
  return stage;
}

// The browser says so of every request that fails or is refused; what the page makes of it is what tests look at.
function isRemark(message: ConsoleMessage, refusals: readonly number[]): boolean {
  const [, status, fault] = /^Failed to load resource: (?:.* status of (\d+)|(net::ERR_))/.exec(message.text()) ?? [];
  return fault !== undefined || refusals.includes(Number(status));
}

/** Fails for what axe calls serious or critical (WCAG 2 A and AA, and its best practices). */
export async function expectAccessible(tab: Page): Promise<void> {
  await tab.evaluate(AXE);
  const { violations } = await tab.evaluate(() => axe.run());
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([]);
}

/** Fails when a page is wider than its window, so that one must scroll sideways. */
export async function expectFits(tab: Page): Promise<void> {
  const { page, window } = await tab.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  expect(page).toBeLessThanOrEqual(window);
}

/**
 * Keeps a picture among the results of the tests; with `UPDATE_PICTURES=1` it takes the place of the one that the docs show.
 * @param name such as `console-live`.
 */
export async function takePicture(tab: Page, name: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true });
  const picture = await tab.screenshot({ path: join(ARTEFACTS, `${name}.png`) });
  const shown = join(ROOT, 'docs/images', `${name}.png`);
  if (process.env.UPDATE_PICTURES === '1' && existsSync(shown)) writeFileSync(shown, picture);
}
