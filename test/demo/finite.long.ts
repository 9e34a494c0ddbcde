import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import type { Exit, Line } from '../../packages/demo/src/build-log/back-end.ts';
import { ROOT } from '../hub-process.ts';
import { askModel, inspect, provideDemo } from './demo-tab.ts';

const stage = provideDemo();

/** The last part of the topic, as the address of a page names it. */
const idIn = (tab: Page): string => [...new URL(tab.url()).searchParams.values()][0] ?? '';

/** What the build of the demo writes when nobody is between. */
function runBuild(): Promise<{ stdout: string[]; stderr: string[] }> {
  const linesOf = (text: string): string[] => stripVTControlCharacters(text).trimEnd().split('\n');
  return new Promise((resolve) => {
    const script = join(ROOT, 'packages/demo/assets/build.mjs');
    execFile(process.execPath, [script, '--fail'], (_error, stdout, stderr) =>
      resolve({ stdout: linesOf(stdout), stderr: linesOf(stderr) }),
    );
  });
}

describe('an answer, token by token', () => {
  test('is shown whole to who loads the page again in the middle of it, as it was published', async () => {
    const tab = await stage.openApp('llm');
    const answer = tab.getByRole('article');
    const before = await askModel(tab, answer, 60);
    await tab.getByRole('button', { name: 'Reload now' }).click();
    await vi.waitFor(async () => expect((await answer.textContent())?.startsWith(before)).toBe(true), 10_000);
    await inspect(tab, 'demo-llm');
    await tab.getByRole('status').getByText('The answer is complete').waitFor();
    const events = await stage.published<string>(`demo.llm.${idIn(tab)}`);
    expect(events.at(-1)?.event).toBe('end');
    const text = events
      .slice(0, -1)
      .map(({ data }) => data)
      .join('');
    expect(text.length).toBeGreaterThan(before.length);
    expect(await answer.textContent()).toBe(text);
  });
});

describe('the log of a build', () => {
  test('has every line of the process and its exit code, also for who loads the page again in the middle', async () => {
    const tab = await stage.openApp('build-log');
    const lines = tab.locator('.log span');
    const written = runBuild();
    await tab.getByLabel('that fails').check();
    await tab.getByRole('button', { name: 'Start a build' }).click();
    await vi.waitFor(async () => expect(await lines.count()).toBeGreaterThan(5), 10_000);
    await tab.reload();
    await inspect(tab, 'demo-build-log');
    await tab.getByRole('status').getByText('The build ended with exit code 1.').waitFor();
    const events = await stage.published<Line | Exit>(`demo.build.${idIn(tab)}`);
    expect(events.at(-1)?.data).toEqual({ exitCode: 1 });
    const published = events.slice(0, -1).map(({ data }) => data as Line);
    expect(await lines.allTextContents()).toEqual(published.map(({ text }) => `${text}\n`));
    const { stdout, stderr } = await written;
    const of = (stream: Line['stream']) => published.filter((line) => line.stream === stream).map(({ text }) => text);
    expect(of('stdout')).toEqual(stdout);
    expect(of('stderr')).toEqual(stderr);
  });
});
