import { startNatsServer } from '@tidings/broker/testing';
import {
  buildWorkspace,
  openStream,
  request,
  type ServiceProcess,
  startServiceProcess,
} from '@tidings/runtime/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

beforeAll(() => buildWorkspace('services/hub'));

/** A hub as a process; it is gone when the test has ended. */
function start(env: NodeJS.ProcessEnv = {}): ServiceProcess {
  const hub = startServiceProcess('services/hub', env);
  onTestFinished(async () => {
    hub.signal('SIGKILL');
    await hub.exited;
  });
  return hub;
}

async function tokensOf(hub: ServiceProcess): Promise<{ subscribe: string; publish: string }> {
  await expect.poll(() => hub.stdout(), { timeout: 15_000 }).toContain('end with it.');
  const find = (name: string): string => new RegExp(`${name} token +(\\S+)`).exec(hub.stdout())?.[1] ?? '';
  return { subscribe: find('Subscriber'), publish: find('Publisher') };
}

async function publish(url: string, token: string, body: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
  const answer = await request(`${url}/v1/topics/demo.1/events`, { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { id: string }).id;
}

async function resume(url: string, token: string, cursor: string): Promise<{ names: string[]; texts: string[] }> {
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': cursor };
  const client = await openStream(`${url}/v1/stream?topic=demo.*`, { headers });
  await client.event('hub.live');
  client.destroy();
  return {
    names: client.events.map(({ event }) => event).filter((name) => name.startsWith('hub.')),
    texts: client.published().map(({ data }) => data),
  };
}

describe('a hub as a process', { timeout: 60_000 }, () => {
  it('section 9: on its embedded broker it says that history ends with it, and so it does', async () => {
    const first = start();
    const tokens = await tokensOf(first);
    const { url } = await first.listening();
    const cursor = await publish(url, tokens.publish, 'before');
    await publish(url, tokens.publish, 'after');
    expect(first.stdout()).toContain('embedded broker: history, idempotency keys and positions end with this process');
    expect(first.stdout()).toContain("History and tokens live in this process's memory and end with it.");
    first.signal('SIGTERM');
    expect(await first.exited).toBe(0);
    const second = start();
    const { url: anew } = await second.listening();
    const again = await resume(anew, (await tokensOf(second)).subscribe, cursor);
    expect(again).toEqual({ names: ['hub.hello', 'hub.gap', 'hub.live'], texts: [] });
  });

  it('section 9: on a nats-server it says nothing of the kind, and a restart loses nothing', async () => {
    const nats = await startNatsServer();
    onTestFinished(() => nats.remove());
    const env = { TIDINGS_NATS_URL: nats.url };
    const first = start(env);
    const tokens = await tokensOf(first);
    const { url, adminUrl } = await first.listening();
    for (const path of ['/healthz', '/readyz']) expect((await fetch(adminUrl + path)).status).toBe(200);
    const cursor = await publish(url, tokens.publish, 'before');
    await publish(url, tokens.publish, 'after');
    expect(first.stdout()).not.toContain('embedded');
    expect(first.stdout()).not.toContain('History and tokens');
    expect(first.stdout()).toContain('The tokens live in this process and end with it.');
    first.signal('SIGTERM');
    expect(await first.exited).toBe(0);
    const second = start(env);
    const { url: anew } = await second.listening();
    const again = await resume(anew, (await tokensOf(second)).subscribe, cursor);
    expect(again).toEqual({ names: ['hub.hello', 'hub.live'], texts: ['after'] });
  });

  it('section 9: what is there stays ready, streams included, when its nats-server goes', async () => {
    const nats = await startNatsServer();
    onTestFinished(() => nats.remove());
    const hub = start({ TIDINGS_NATS_URL: nats.url });
    const tokens = await tokensOf(hub);
    const { url, adminUrl } = await hub.listening();
    const client = await openStream(`${url}/v1/stream?topic=demo.1`, {
      headers: { authorization: `Bearer ${tokens.subscribe}` },
    });
    onTestFinished(() => client.destroy());
    await client.event('hub.live');
    await nats.stop();
    const metrics = async (): Promise<string> => (await fetch(`${adminUrl}/metrics`)).text();
    await expect.poll(metrics, { timeout: 10_000 }).toContain('tidings_broker_connected 0');
    for (const path of ['/healthz', '/readyz']) expect((await fetch(adminUrl + path)).status).toBe(200);
    // It is tried again until the broker is back.
    const published = publish(url, tokens.publish, 'meanwhile');
    await nats.restart();
    await published;
    await client.until(() => client.published().at(-1)?.data === 'meanwhile');
    expect(client.events.map(({ event }) => event)).toEqual(['hub.hello', 'hub.live', 'message']);
  });
});
