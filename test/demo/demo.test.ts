import { describe, expect, test, vi } from 'vitest';
import { askModel, provideDemo } from './demo-tab.ts';

const stage = provideDemo();

describe('the demo', () => {
  test('streams an answer token by token, and shows it whole to who loads the page again in the middle', async () => {
    const tab = await stage.openApp('llm');
    const answer = tab.getByRole('article');
    const before = await askModel(tab, answer, 30);
    await tab.reload();
    await vi.waitFor(async () => expect((await answer.textContent())?.startsWith(before)).toBe(true), 10_000);
    await tab.getByRole('status').getByText('The answer is complete').waitFor();
    const [id] = new URL(tab.url()).searchParams.values();
    const tokens = (await stage.published<string>(`demo.llm.${id}`)).slice(0, -1).map(({ data }) => data);
    expect(await answer.textContent()).toBe(tokens.join(''));
  });
});
