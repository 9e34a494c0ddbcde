import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { expectAccessible, expectFits, provideConsole, takePicture } from './console-tab.ts';

const stage = provideConsole();

const paste = (tab: Page, token: string): Promise<void> => tab.getByLabel('Token to look at').fill(token);

const publishWith = async (token: string, topic: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
  const { status } = await fetch(`${stage.site.url}/v1/topics/${topic}/events`, { method: 'POST', headers, body: 'x' });
  return status;
};

describe('the page of tokens', () => {
  test('mints a token that works at the hub as the page says, and keeps none', async () => {
    const tab = await stage.openConsole('tokens', {
      viewport: { width: 1280, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const mint = tab.getByRole('region', { name: 'Mint a token' });
    await mint.getByLabel('May subscribe').fill('orders.* chat.>');
    await mint.getByLabel('May publish').fill('orders.>');
    await mint.getByRole('button', { name: 'Mint' }).click();
    const rights = tab.getByRole('region', { name: 'What it may do' });
    await rights.getByText('It may publish to orders.>.').waitFor();
    await rights.getByText('orders.*, chat.>, user.alice and user.alice.>').waitFor();
    await rights.getByText('Nothing is wrong with it').waitFor();
    await rights.getByText('in 59 min').waitFor();
    await tab.getByRole('button', { name: 'Copy the minted token' }).click();
    await tab.getByText('Copied', { exact: true }).waitFor();
    const token = await tab.evaluate(() => navigator.clipboard.readText());
    expect(token).toBe(await tab.getByLabel('Token to look at').inputValue());

    await tab.getByRole('button', { name: 'Ask this hub' }).click();
    await tab.getByText('The hub takes it (200).').waitFor();
    for (const [topic, read, write] of [
      ['orders.42', 'yes', 'yes'],
      ['chat.1', 'yes', 'no'],
      ['orders.4.2', 'no', 'yes'],
      ['user.alice', 'yes', 'no'],
      ['$hub.audit', 'no', 'no'],
    ] as const) {
      await tab.getByLabel('May it use this topic').fill(topic);
      await tab.getByText(`Subscribe: ${read}. Publish: ${write}.`).waitFor();
      const answer = await fetch(`${stage.site.url}/v1/topics/${encodeURIComponent(topic)}/events`, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (!topic.startsWith('$')) {
        expect([answer.status, await publishWith(token, topic)]).toEqual([
          read === 'yes' ? 200 : 403,
          write === 'yes' ? 202 : 403,
        ]);
      }
    }
    await takePicture(tab, 'console-tokens');
    await expectAccessible(tab);
    const kept = await tab.evaluate(() =>
      [location.href, ...Object.values(sessionStorage), ...Object.values(localStorage), document.cookie].join(' '),
    );
    expect(kept).not.toContain(token);
    await mint.getByLabel('Tenant').fill('a b');
  });

  test('says what is wrong with a token, and what the hub says of it', async () => {
    const tab = await stage.openConsole('tokens', { refusals: [401], viewport: { width: 360, height: 640 } });
    await tab.getByRole('button', { name: 'This page’s' }).click();
    await tab.getByText('It is an admin’s').waitFor();
    await tab.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(tab);
    await expectFits(tab);
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    await paste(tab, `${encode({ alg: 'none' })}.${encode({ sub: 'eve', exp: 1 })}.`);
    for (const fault of ['algorithm is none', 'It has ended', 'no member tidings']) {
      await tab.getByText(fault).waitFor();
    }
    await tab.getByRole('button', { name: 'Ask this hub' }).click();
    await tab.getByText('The hub does not take it: 401, Send a valid token. (unauthenticated)').waitFor();
    await paste(tab, 'tdt_abc');
    await tab.getByText('This is a ticket').waitFor();
    await paste(tab, 'nonsense');
    await tab.getByText('This is no JWT').waitFor();
    await expectFits(tab);
  });
});
