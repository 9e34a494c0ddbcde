import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { parseCursor } from '@tidings/protocol';
import { systemClock } from '@tidings/runtime';
import {
  buildWorkspace,
  findFreePort,
  openStream,
  request,
  type ServiceProcess,
  type StreamClient,
  startServiceProcess,
} from '@tidings/runtime/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SECRET } from './fixture.ts';
import { controlOf, names, payloads } from './received.ts';

beforeAll(() => {
  buildWorkspace('services/edge');
  buildWorkspace('services/ingest');
});

const KEY = { TIDINGS_JWT_SECRET: SECRET };

/** A service as a process; it is gone when the test has ended. */
function run(workspace: string, env: NodeJS.ProcessEnv): ServiceProcess {
  const service = startServiceProcess(workspace, env);
  onTestFinished(async () => {
    service.signal('SIGKILL');
    await service.exited;
  });
  return service;
}

const start = (env: NodeJS.ProcessEnv): ServiceProcess => run('services/edge', env);

const statusOf = (url: string): Promise<number> => fetch(url).then(({ status }) => status);

describe('an edge as a process, with nothing to work with', { timeout: 60_000 }, () => {
  it.each([
    [
      'neither servers nor a key',
      {},
      ['TIDINGS_JWT_SECRET | TIDINGS_JWT_PUBLIC_KEY | TIDINGS_JWKS_URL', 'TIDINGS_NATS_URL'],
    ],
    ['a password in the URL', { ...KEY, TIDINGS_NATS_URL: 'nats://edge:hunter2@127.0.0.1:1' }, ['TIDINGS_NATS_URL']],
    [
      'files that are not there',
      {
        ...KEY,
        TIDINGS_NATS_URL: 'nats://127.0.0.1:1',
        TIDINGS_NATS_CREDS: '/nowhere/a',
        TIDINGS_NATS_TLS_CA: '/nowhere/b',
      },
      ['TIDINGS_NATS_CREDS', 'TIDINGS_NATS_TLS_CA'],
    ],
    [
      'a certificate that is not there',
      { ...KEY, TIDINGS_NATS_URL: 'nats://127.0.0.1:1', TIDINGS_TLS_CERT: '/nowhere/a', TIDINGS_TLS_KEY: '/nowhere/b' },
      ['TIDINGS_TLS_CERT, TIDINGS_TLS_KEY'],
    ],
  ])('section 9: %s is exit code 78, one clear line for each', async (_what, env, names) => {
    const edge = start(env);
    expect(await edge.exited).toBe(78);
    expect(edge.stdout()).toBe('');
    const lines = edge.stderr().trimEnd().split('\n');
    expect(lines.map((line) => line.split(': ')[0])).toEqual(names);
    expect(edge.stderr()).not.toContain('hunter2');
  });

  it('section 9: the admin port answers while the broker is away, and SIGTERM ends it at once with 0', async () => {
    const [adminPort, natsPort] = [await findFreePort(), await findFreePort()];
    const edge = start({
      ...KEY,
      TIDINGS_ADMIN_PORT: `${adminPort}`,
      TIDINGS_NATS_URL: `nats://127.0.0.1:${natsPort}`,
    });
    const admin = `http://127.0.0.1:${adminPort}`;
    await expect.poll(() => statusOf(`${admin}/healthz`).catch(() => 0), { timeout: 10_000 }).toBe(200);
    expect(await statusOf(`${admin}/readyz`)).toBe(503);
    expect(await (await fetch(`${admin}/metrics`)).text()).toContain('tidings_broker_connected 0');
    // It says why it waits, and accepts nobody.
    await expect.poll(() => edge.stdout(), { timeout: 10_000 }).toContain(`127.0.0.1:${natsPort}`);
    expect(edge.stdout()).not.toContain('listening');
    const asked = performance.now();
    edge.signal('SIGTERM');
    expect(await edge.exited).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
  });
});

describe('an edge as a process, on servers that ask who it is', { timeout: 60_000 }, () => {
  it('section 9: refused credentials are exit code 78 with one line, and no password is ever shown', async () => {
    const config = 'authorization { users = [{ user: edge, password: $EDGE_PASSWORD }] }';
    const nats = await startNatsServer({ config, env: { EDGE_PASSWORD: 'correct-horse' } });
    onTestFinished(() => nats.remove());
    const access = { ...KEY, TIDINGS_NATS_URL: nats.url, TIDINGS_NATS_USER: 'edge' };
    const refused = start({ ...access, TIDINGS_NATS_PASSWORD: 'hunter2' });
    expect(await refused.exited).toBe(78);
    expect(refused.stderr().trimEnd().split('\n')).toHaveLength(1);
    expect(refused.stderr() + refused.stdout()).not.toContain('hunter2');
    // The stream is an ingest's to create.
    const env = { ...access, TIDINGS_NATS_PASSWORD: 'correct-horse', LOG_LEVEL: 'trace' };
    const [edge, ingest] = [start(env), run('services/ingest', env)];
    await Promise.all([edge.listening(), ingest.listening()]);
    for (const each of [edge, ingest]) expect(each.stderr() + each.stdout()).not.toContain('correct-horse');
  });
});

describe('an edge as a process, beside an ingest on one nats-server', { timeout: 60_000 }, () => {
  interface Cluster {
    readonly nats: NatsServer;
    readonly env: NodeJS.ProcessEnv;
    readonly ingestUrl: string;
    startIngest(): Promise<string>;
  }

  async function startCluster(): Promise<Cluster> {
    const nats = await startNatsServer();
    onTestFinished(() => nats.remove());
    const env = { ...KEY, TIDINGS_NATS_URL: nats.url };
    const startIngest = async (): Promise<string> => (await run('services/ingest', env).listening()).url;
    return { nats, env, ingestUrl: await startIngest(), startIngest };
  }

  const bearer = async (): Promise<{ authorization: string }> => {
    const tidings = { subscribe: ['>'], publish: ['>'] };
    return { authorization: `Bearer ${await mintToken(SECRET, { sub: 'alice', tidings }, 3_600, systemClock)}` };
  };

  async function publish(ingestUrl: string, topic: string, data: string): Promise<string> {
    const headers = { ...(await bearer()), 'content-type': 'text/plain' };
    const answer = await request(`${ingestUrl}/v1/topics/${topic}/events`, { method: 'POST', headers, body: data });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  }

  async function subscribe(url: string, query: string, cursor?: string): Promise<StreamClient> {
    const headers = { ...(await bearer()), ...(cursor !== undefined && { 'last-event-id': cursor }) };
    const client = await openStream(`${url}/v1/stream?${query}`, { headers });
    onTestFinished(() => client.destroy());
    return client;
  }

  it('section 4: what one ingest takes reaches every edge, and any of them resumes what another began', async () => {
    const { env, ingestUrl } = await startCluster();
    const edges = [start(env), start({ ...env, LOG_LEVEL: 'silent' })];
    const [one, other] = await Promise.all(edges.map((edge) => edge.listening()));
    expect(await statusOf(`${one?.adminUrl}/readyz`)).toBe(200);
    expect((await request(`${one?.url}/openapi.json`).then((answer) => answer.json())).info.title).toBe('Tidings edge');
    const clients = await Promise.all([one, other].map((edge) => subscribe(`${edge?.url}`, 'topic=a.*')));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    const cursor = await publish(ingestUrl, 'a.1', 'first');
    for (const client of clients) {
      await client.until(() => payloads(client).length === 1);
      expect(client.lastEventId).toBe(cursor);
    }
    clients[0]?.destroy();
    await publish(ingestUrl, 'a.2', 'second');
    const resumed = await subscribe(`${other?.url}`, 'topic=a.*', cursor);
    await resumed.event('hub.live');
    expect(payloads(resumed)).toEqual(['second']);
    expect((await controlOf(resumed, 'hub.hello')).resumed).toBe(true);
    // The cursor of an event that this edge may not have been fed yet is waited for.
    const ahead = await subscribe(`${one?.url}`, 'topic=a.*', await publish(ingestUrl, 'a.1', 'third'));
    await ahead.event('hub.live');
    expect(names(ahead)).toEqual(['hub.hello', 'hub.live']);
  });

  it('section 9: SIGTERM sends the streams away with spread-out retries, and ends with 0', async () => {
    const { env } = await startCluster();
    const edge = start({ ...env, TIDINGS_DRAIN_MS: '4000' });
    const { url } = await edge.listening();
    const clients = await Promise.all(Array.from({ length: 8 }, () => subscribe(url, 'topic=a')));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    edge.signal('SIGTERM');
    const retries = await Promise.all(
      clients.map(async (client) => {
        await client.end();
        const bye = await controlOf(client, 'hub.bye');
        expect(bye.reason).toBe('draining');
        return bye.retry as number;
      }),
    );
    expect(await edge.exited).toBe(0);
    expect(Math.max(...retries)).toBeLessThanOrEqual(4_000);
    expect(new Set(retries).size).toBeGreaterThan(4);
    expect(edge.stdout()).toContain('"msg":"stopped"');
    expect(edge.stderr()).toBe('');
  });

  it('section 9: it is not ready before its broker was there, and stays ready with its streams when that goes', async () => {
    const { nats, env, ingestUrl } = await startCluster();
    await nats.stop();
    const adminPort = await findFreePort();
    const edge = start({ ...env, TIDINGS_ADMIN_PORT: `${adminPort}` });
    const admin = `http://127.0.0.1:${adminPort}`;
    await expect.poll(() => statusOf(`${admin}/readyz`).catch(() => 0), { timeout: 10_000 }).toBe(503);
    await nats.restart();
    const { url } = await edge.listening();
    expect(await statusOf(`${admin}/readyz`)).toBe(200);
    const client = await subscribe(url, 'topic=a');
    await client.event('hub.live');
    await nats.stop();
    await expect
      .poll(async () => (await fetch(`${admin}/metrics`)).text(), { timeout: 10_000 })
      .toContain('tidings_broker_connected 0');
    expect([await statusOf(`${admin}/readyz`), await statusOf(`${admin}/healthz`)]).toEqual([200, 200]);
    // A stream that asks for nothing of the past needs no broker to open.
    await (await subscribe(url, 'topic=a')).event('hub.live');
    await nats.restart();
    await expect.poll(() => publish(ingestUrl, 'a', 'after').catch(() => ''), { timeout: 15_000 }).not.toBe('');
    await client.until(() => payloads(client).at(-1) === 'after', 15_000);
    expect(names(client).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live']);
  });

  it('section 4: a log that was lost with its disk is a hub.gap reset on the open stream, which then goes on', async () => {
    const { nats, env, ingestUrl, startIngest } = await startCluster();
    const { url } = await start(env).listening();
    for (let place = 0; place < 5; place += 1) await publish(ingestUrl, 'a', `old ${place}`);
    const client = await subscribe(url, 'topic=a&replay=all');
    await client.until(() => payloads(client).length === 5);
    const from = client.lastEventId;
    await nats.kill();
    await rm(join(nats.folder, 'store'), { recursive: true });
    await nats.restart();
    const anew = await startIngest();
    await client.until(() => names(client).includes('hub.gap'), 20_000);
    const gap = await controlOf(client, 'hub.gap');
    expect(gap).toMatchObject({ from, reason: 'reset' });
    expect(parseCursor(`${gap.to}`)?.epoch).not.toBe(parseCursor(from)?.epoch);
    const id = await publish(anew, 'a', 'new');
    await client.until(() => payloads(client).at(-1) === 'new');
    expect(client.lastEventId).toBe(id);
    expect(names(client)).not.toContain('hub.bye');
    const late = await subscribe(url, 'topic=a', from);
    expect(await controlOf(late, 'hub.gap')).toMatchObject({ from, reason: 'reset' });
  });
});
