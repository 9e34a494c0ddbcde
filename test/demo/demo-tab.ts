import type { TidingsEvent } from '@tidings/sdk/subscriber';
import type { Locator, Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import {
  type ConsoleStage,
  expectAccessible,
  expectFits,
  provideConsole,
  takePicture,
} from '../console/console-tab.ts';
import type { Site } from '../console/site.ts';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 740 };

export interface DemoStage {
  readonly site: Site;
  /** Opens a page of the demo in a profile of its own, as on another device. */
  openApp(path: string): Promise<Page>;
  /** All that was published on a topic or pattern, oldest first. */
  published<Data>(topic: string): Promise<readonly TidingsEvent<Data>[]>;
}

/** A browser and a hub as a newcomer starts it, for the tests of a file. */
export function provideDemo(): DemoStage {
  const stage: ConsoleStage = provideConsole();
  return {
    get site() {
      return stage.site;
    },
    openApp: (path) => stage.openTab(path === '' ? '/demo' : `/demo/${path}`, { viewport: WIDE }),
    async published<Data>(topic: string) {
      const { url, adminToken } = stage.site;
      const events: TidingsEvent<Data>[] = [];
      for (let after = ''; ; ) {
        const query = new URLSearchParams({ limit: '1000', ...(after !== '' && { after }) });
        const answer = await fetch(`${url}/v1/topics/${encodeURIComponent(topic)}/events?${query}`, {
          headers: { Authorization: `Bearer ${adminToken}` },
        });
        const page = (await answer.json()) as { events: TidingsEvent<Data>[]; next: string };
        events.push(...page.events);
        if (page.events.length < 1000) return events;
        after = page.next;
      }
    },
  };
}

/** Takes the picture of a page, and checks it in a narrow window, where its source is folded away, light and dark. */
export async function inspect(tab: Page, name: string): Promise<void> {
  await takePicture(tab, name);
  await tab.setViewportSize(NARROW);
  await expectFits(tab);
  for (const colorScheme of ['dark', 'light'] as const) {
    await tab.emulateMedia({ colorScheme });
    await expectAccessible(tab);
  }
  await tab.setViewportSize(WIDE);
}

export const textsOf = async (locator: Locator): Promise<string[]> =>
  (await locator.allTextContents()).map((text) => text.replaceAll(/\s+/g, ' ').trim());

/** Asks the model, and waits until more of its answer is shown than so many characters; resolves with what is. */
export async function askModel(tab: Page, answer: Locator, characters: number): Promise<string> {
  await tab.getByLabel('Question').fill('What happens when I reload?');
  await tab.getByRole('button', { name: 'Ask' }).click();
  return vi.waitFor(async () => {
    const text = (await answer.textContent()) ?? '';
    expect(text.length).toBeGreaterThan(characters);
    return text;
  }, 10_000);
}
