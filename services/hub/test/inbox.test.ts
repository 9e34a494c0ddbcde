import { startNatsServer } from '@tidings/broker/testing';
import { request } from '@tidings/runtime/testing';
import { expect, it, onTestFinished } from 'vitest';
import { startTestHub, type TestHub } from './fixture.ts';

interface Inbox {
  readonly unread: number;
  readonly upTo: string;
  readonly events: readonly { readonly id: string; readonly read: boolean }[];
}

async function ask(hub: TestHub, method: string, path: string, body?: object): Promise<Response> {
  const token = await hub.token({ publish: ['user.*'], admin: true });
  return request(`${hub.url}/v1/users/alice/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const inboxOf = async (hub: TestHub): Promise<Inbox> => (await ask(hub, 'GET', 'inbox?limit=100')).json() as never;

const expectStatus = async (answer: Promise<Response>, status: number): Promise<void> =>
  expect((await answer).status).toBe(status);

it('marks of two tabs on two nodes both hold, outlive the servers, and end with what is erased', async () => {
  const server = await startNatsServer();
  onTestFinished(() => server.remove());
  const env = { TIDINGS_NATS_URL: server.url };
  const [one, two] = await Promise.all([startTestHub(env), startTestHub({ ...env, TIDINGS_FEED: 'interest' })]);
  for (let at = 0; at < 12; at += 1) await expectStatus(ask(one, 'POST', 'events', { number: at }), 202);
  await expect.poll(async () => (await inboxOf(two)).unread).toBe(12);
  const ids = (await inboxOf(one)).events.map(({ id }) => id).reverse();
  // Each event by a tab of its own, and a place up to which all is read, at the same time.
  const marks = [...ids.slice(4, 10).map((id) => ({ ids: [id] })), { upTo: ids[3] }];
  await Promise.all(marks.map((mark, at) => expectStatus(ask(at % 2 ? one : two, 'PATCH', 'inbox/read', mark), 200)));
  for (const hub of [one, two]) {
    const { unread, upTo, events } = await inboxOf(hub);
    expect([unread, upTo]).toEqual([2, ids[3]]);
    expect(events.flatMap(({ id, read }) => (read ? [] : id))).toEqual([ids[11], ids[10]]);
  }
  await server.restart();
  await expect.poll(async () => (await inboxOf(two)).unread, { timeout: 20_000 }).toBe(2);
  await expect.poll(async () => (await ask(one, 'DELETE', 'events')).status, { timeout: 20_000 }).toBe(204);
  expect(await inboxOf(two)).toMatchObject({ unread: 0, events: [], revision: 0 });
});
