import { request } from '@tidings/runtime/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCuttingProxy } from '../../../test/cutting-proxy.ts';
import { createInbox } from '../src/inbox/create-inbox.ts';
import type { Inbox } from '../src/inbox/inbox.ts';
import { createInboxList, type InboxPage } from '../src/inbox/inbox-list.ts';
import { createTidings } from '../src/subscriber/create-tidings.ts';
import { startTestHub, type TestHub } from './hub.ts';

/** An inbox as one tab has it, with a connection of its own. */
async function openTab(hub: TestHub, url = hub.url, limit?: number): Promise<Inbox<number>> {
  const token = await hub.token([]);
  const client = createTidings({ url, token });
  client.on('error', () => {});
  onTestFinished(() => client.close());
  const inbox = createInbox<number>({ client, user: 'alice', url: hub.url, token, ...(limit && { limit }) });
  onTestFinished(inbox.onChange(() => {}));
  await vi.waitFor(() => expect(inbox.state.status).toBe('ready'));
  return inbox;
}

const shown = ({ state: { unread, events } }: Inbox<number>): unknown => [
  unread,
  events.map(({ data, read }) => (read ? `${data} read` : data)),
];

describe('the inbox of a user', () => {
  test('is the same in every tab: what comes is unread in all, what is read in one is read in all', async () => {
    const hub = await startTestHub();
    await hub.publish('user.alice', 1, 2, 3);
    const [one, two] = await Promise.all([openTab(hub), openTab(hub)]);
    expect(shown(one)).toEqual([3, [3, 2, 1]]);
    await one.markRead(`${one.state.events[0]?.id}`);
    expect(shown(one)).toEqual([2, ['3 read', 2, 1]]);
    await vi.waitFor(() => expect(shown(two)).toEqual(shown(one)));
    await hub.publish('user.alice', 4);
    for (const tab of [one, two]) await vi.waitFor(() => expect(shown(tab)).toEqual([3, [4, '3 read', 2, 1]]));
    await two.markAllRead();
    await hub.publish('user.alice', 5);
    for (const tab of [one, two])
      await vi.waitFor(() => expect(shown(tab)).toEqual([1, [5, '4 read', '3 read', '2 read', '1 read']]));
  });

  test('lists older events on demand, and counts those that are not listed', async () => {
    const hub = await startTestHub();
    await hub.publish('user.alice', 1, 2, 3, 4, 5);
    const inbox = await openTab(hub, hub.url, 2);
    expect([shown(inbox), inbox.state.hasOlder]).toEqual([[5, [5, 4]], true]);
    await inbox.loadOlder();
    await inbox.loadOlder();
    expect([shown(inbox), inbox.state.hasOlder]).toEqual([[5, [5, 4, 3, 2, 1]], false]);
    await inbox.markRead(`${inbox.state.events[3]?.id}`);
    expect(shown(inbox)).toEqual([4, [5, 4, 3, '2 read', 1]]);
  });

  test('a tab that was cut off meanwhile is right once it is back', async () => {
    const hub = await startTestHub();
    const proxy = await createCuttingProxy(Number(new URL(hub.url).port), []);
    onTestFinished(() => proxy.close());
    await hub.publish('user.alice', 1, 2);
    const [away, here] = [await openTab(hub, `http://127.0.0.1:${proxy.port}`), await openTab(hub)];
    const [session] = await hub.sessions();
    await request(`${hub.url}/v1/sessions/${session}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${await hub.token([])}` },
    });
    await here.markAllRead();
    await vi.waitFor(() => expect(shown(away)).toEqual([0, ['2 read', '1 read']]), 8_000);
  });

  test('what a token does not grant is told, and nothing is asked for while nobody listens', async () => {
    const hub = await startTestHub();
    const token = await hub.token([]);
    const client = createTidings({ url: hub.url, token });
    onTestFinished(() => client.close());
    client.on('error', () => {});
    const inbox = createInbox({ client, user: 'bob', url: hub.url, token });
    expect([inbox.state.status, await hub.streams()]).toEqual(['idle', 0]);
    await expect(inbox.markRead('x')).rejects.toMatchObject({ code: 'forbidden', status: 403 });
    const stop = inbox.onChange(() => {});
    await vi.waitFor(() => expect(inbox.state.error?.code).toBe('forbidden'));
    stop();
    expect(inbox.state.status).toBe('idle');
  });
});

describe('what is told late or twice takes nothing back', () => {
  const cursor = (place: number): string => `log.${place}.0000`;
  const page = (change: Partial<InboxPage> = {}): InboxPage => ({
    unread: 3,
    at: cursor(9),
    upTo: cursor(0),
    revision: 0,
    events: [9, 8, 7].map((seq) => ({
      id: cursor(seq),
      topic: 'user.a',
      event: undefined,
      time: '',
      data: seq,
      read: false,
    })),
    ...change,
  });
  const first = { unread: 2, at: cursor(9), upTo: cursor(0), revision: 5, after: 0, ids: [cursor(8)] };
  const second = { unread: 0, at: cursor(9), upTo: cursor(9), revision: 6, after: 5, ids: [] };

  test.each([
    ['in order', [first, second], [false, false]],
    ['the other way round, which shows a hole', [second, first], [true, false]],
    ['twice', [first, second, second, first], [false, false, false, false]],
  ])('%s', (_order, notices, missed) => {
    const list = createInboxList();
    list.begin(page());
    expect(notices.map((notice) => list.mark(notice))).toEqual(missed);
    const { unread, events } = list.view();
    expect([unread, events.every(({ read }) => read)]).toEqual([0, true]);
  });

  test('what another page read before a mark of this one is missed as long as it was not told', () => {
    const list = createInboxList();
    list.begin(page({ revision: 4 }));
    const { after, ...answer } = second;
    // The answer comes first: whether `first` was lost, its notice says.
    expect(list.mark(answer)).toBe(false);
    expect(list.mark(second)).toBe(true);
    const inTime = createInboxList();
    inTime.begin(page({ revision: 4 }));
    const notices = [answer, { ...first, after: 4 }, second, { ...second, after: second.revision }];
    expect(notices.map((notice) => inTime.mark(notice))).toEqual([false, false, false, false]);
  });

  test('an event that is newer than a count is added to it, and one of another log does not stay', () => {
    const list = createInboxList();
    list.begin(page());
    const event = { ...page().events[0], topic: 'user.a', event: undefined, time: '', data: 10, id: cursor(10) };
    list.add(event);
    list.add(event);
    list.add({ ...event, id: undefined });
    expect(list.view()).toMatchObject({ unread: 4 });
    list.mark(second);
    expect(list.view()).toMatchObject({ unread: 1 });
    list.begin(page({ at: 'other.3.0000', events: [], unread: 0 }));
    expect(list.view().events).toEqual([]);
  });
});
