import { describe, expect, test, vi } from 'vitest';
import type { Message } from '../../packages/demo/src/chat/back-end.ts';
import type { TicketEvent } from '../../packages/demo/src/support/back-end.ts';
import { inspect, provideDemo, textsOf } from './demo-tab.ts';

const stage = provideDemo();
const PATIENCE = { timeout: 10_000, interval: 50 };

describe('a chat with a model in it', () => {
  test('is the same for two people, in the same order, and tells each that the other is typing', async () => {
    const [ada, grace] = await Promise.all([stage.openApp('chat?name=Ada'), stage.openApp('chat?name=Grace')]);
    const send = async (tab: typeof ada, text: string): Promise<void> => {
      await tab.getByLabel('Message', { exact: true }).fill(text);
      await tab.getByRole('button', { name: 'Send' }).click();
      await tab.locator('.messages', { hasText: text }).waitFor();
    };
    await send(ada, 'Good morning, Grace.');
    await send(grace, 'Good morning. Why do we not poll?');
    await send(ada, 'Let us hear.');
    await grace.getByLabel('Message', { exact: true }).pressSequentially('Oh');
    await ada.getByText('Grace is typing.').waitFor();
    expect(await textsOf(grace.locator('.typing'))).toEqual(['']);
    await inspect(ada, 'demo-chat');

    const written = async (): Promise<readonly string[]> => {
      const events = await stage.published<Message>('demo.chat.lobby');
      expect(events.at(-1)).toMatchObject({ event: 'message', data: { from: 'model' } });
      // Each where its first event stands.
      const messages = new Map(events.map(({ data }) => [data.id, data]));
      return [...messages.values()].map(({ from, text }) => `${from} ${text}`);
    };
    const messages = await vi.waitFor(written, PATIENCE);
    expect(messages).toHaveLength(4);
    for (const tab of [ada, grace])
      await vi.waitFor(async () => expect(await textsOf(tab.locator('.messages li'))).toEqual(messages), PATIENCE);
    const late = await stage.openApp('chat?name=Alan');
    await vi.waitFor(async () => expect(await textsOf(late.locator('.messages li'))).toEqual(messages), PATIENCE);
  });
});

describe('a notification bell', () => {
  test('counts the same on all pages of a person: what is read on one is read on all, after a reload too', async () => {
    const [first, device, grace] = await Promise.all(
      ['Ada', 'Ada', 'Grace'].map((name) => stage.openApp(`bell?name=${name}`)),
    );
    if (!first || !device || !grace) throw new Error('not opened');
    const second = await first.context().newPage();
    await second.goto(first.url());
    const tabs = [first, second, device];
    const expectCount = async (count: number, pages = tabs): Promise<void> => {
      for (const tab of pages)
        await vi.waitFor(
          async () => expect(await textsOf(tab.locator('.count'))).toEqual([`${count} unread`]),
          PATIENCE,
        );
    };
    await first.getByRole('button', { name: 'Notify me' }).click();
    await device.getByRole('button', { name: 'Notify me' }).click();
    await expectCount(2);
    await grace.getByRole('button', { name: 'Notify everybody' }).click();
    for (const tab of [...tabs, grace]) await tab.locator('.notifications', { hasText: 'Grace says hello' }).waitFor();
    await expectCount(0, [grace]);
    await second.getByRole('button', { name: 'Mark as read Your order' }).click();
    await expectCount(1);
    // The button is gone, and whoever pressed it by keyboard is still in the list.
    await second.locator('.notifications:focus').waitFor();
    await device.reload();
    await expectCount(1);
    await inspect(first, 'demo-bell');
    await first.getByRole('button', { name: 'Mark all as read' }).click();
    await expectCount(0);
    await device.getByRole('button', { name: 'Notify me' }).click();
    await expectCount(1);
    // Nothing of the reading is an event.
    expect(await stage.published('user.Ada')).toHaveLength(3);
  });
});

describe('a support desk', () => {
  test('tells who is typing to the other side alone, and to nobody who comes later; a ticket is the same for both', async () => {
    const [customer, agent] = await Promise.all([stage.openApp('support'), stage.openApp('support?name=agent')]);
    await customer.getByLabel('What is wrong').fill('My invoice is wrong');
    await customer.getByRole('button', { name: 'Open a ticket' }).click();
    await agent.getByRole('heading', { name: 'My invoice is wrong' }).waitFor();
    const reply = customer.getByLabel('Reply as the customer');
    await reply.fill('It says twelve.');
    await agent.getByText('The customer is typing.').waitFor();
    expect(await textsOf(customer.locator('.typing'))).toEqual(['']);
    await agent.reload();
    await agent.getByRole('heading', { name: 'My invoice is wrong' }).waitFor();
    expect(await textsOf(agent.locator('.typing'))).toEqual(['']);

    await reply.press('Enter');
    await agent.getByText('customer: It says twelve.').waitFor();
    await agent.getByRole('button', { name: 'Set waiting' }).click();
    await customer.getByText('Ticket updated: waiting').waitFor();
    await agent.getByLabel('Reply as the agent').pressSequentially('One');
    await customer.getByText('The agent is typing.').waitFor();
    await inspect(customer, 'demo-support');
    const threads = [customer, agent].map((tab) => textsOf(tab.locator('.thread p')));
    const expected = ['customer: It says twelve.', 'Ticket updated: waiting'];
    expect(await Promise.all(threads)).toEqual([expected, expected]);
    // Nothing of the typing is kept.
    const kept = await stage.published<TicketEvent>('demo.support.*');
    expect(kept.map(({ data }) => data.type)).toEqual(['opened', 'message', 'updated']);
  });
});
