import { mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import {
  buildWorkspace,
  findFreePort,
  request,
  type ServiceProcess,
  startServiceProcess,
} from '@tidings/runtime/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SECRET } from './fixture.ts';

beforeAll(() => buildWorkspace('services/ingest'));

const KEY = { TIDINGS_JWT_SECRET: SECRET };

/** An ingest as a process; it is gone when the test has ended. */
function start(env: NodeJS.ProcessEnv): ServiceProcess {
  const ingest = startServiceProcess('services/ingest', env);
  onTestFinished(async () => {
    ingest.signal('SIGKILL');
    await ingest.exited;
  });
  return ingest;
}

const statusOf = (url: string): Promise<number> => fetch(url).then(({ status }) => status);

describe('an ingest as a process, with nothing to work with', { timeout: 60_000 }, () => {
  it.each([
    [
      'neither servers nor a key',
      {},
      ['TIDINGS_JWT_SECRET | TIDINGS_JWT_PUBLIC_KEY | TIDINGS_JWKS_URL', 'TIDINGS_NATS_URL'],
    ],
    ['a password in the URL', { ...KEY, TIDINGS_NATS_URL: 'nats://ingest:hunter2@127.0.0.1:1' }, ['TIDINGS_NATS_URL']],
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
  ])('section 9: %s is exit code 78, one clear line for each', async (_what, env, names) => {
    const ingest = start(env);
    expect(await ingest.exited).toBe(78);
    expect(ingest.stdout()).toBe('');
    const lines = ingest.stderr().trimEnd().split('\n');
    expect(lines.map((line) => line.split(': ')[0])).toEqual(names);
    expect(ingest.stderr()).not.toContain('hunter2');
  });

  it('section 9: the admin port answers while the broker is away, and SIGTERM ends it at once with 0', async () => {
    const [adminPort, natsPort] = [await findFreePort(), await findFreePort()];
    const ingest = start({
      ...KEY,
      TIDINGS_ADMIN_PORT: `${adminPort}`,
      TIDINGS_NATS_URL: `nats://127.0.0.1:${natsPort}`,
    });
    const admin = `http://127.0.0.1:${adminPort}`;
    await expect.poll(() => statusOf(`${admin}/healthz`).catch(() => 0), { timeout: 10_000 }).toBe(200);
    expect(await statusOf(`${admin}/readyz`)).toBe(503);
    expect(await (await fetch(`${admin}/metrics`)).text()).toContain('tidings_broker_connected 0');
    // It says why it waits, and accepts nobody.
    await expect.poll(() => ingest.stdout(), { timeout: 10_000 }).toContain(`127.0.0.1:${natsPort}`);
    expect(ingest.stdout()).not.toContain('listening');
    const asked = performance.now();
    ingest.signal('SIGTERM');
    expect(await ingest.exited).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
  });
});

describe('an ingest as a process, on a nats-server', { timeout: 60_000 }, () => {
  async function startNats(): Promise<{ nats: NatsServer; env: NodeJS.ProcessEnv }> {
    const nats = await startNatsServer();
    onTestFinished(() => nats.remove());
    return { nats, env: { ...KEY, TIDINGS_NATS_URL: nats.url } };
  }

  async function publish(url: string, event: object): Promise<Response> {
    const token = await mintToken(SECRET, { sub: 'alice', tidings: { publish: ['>'] } }, 3_600, systemClock);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' };
    return request(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(event) });
  }

  it('section 5: the same id is stored once, whichever ingest it comes to', async () => {
    const { env } = await startNats();
    const [one, other] = await Promise.all([start(env).listening(), start({ ...env, LOG_LEVEL: 'warn' }).listening()]);
    expect(await statusOf(`${one.adminUrl}/readyz`)).toBe(200);
    expect((await request(`${one.url}/openapi.json`).then((answer) => answer.json())).info.title).toBe(
      'Tidings ingest',
    );
    const event = { topic: 'a', data: 1, id: 'once' };
    const first = await publish(one.url, event);
    expect(first.status).toBe(202);
    const { id } = (await first.json()) as { id: string };
    expect(await (await publish(other.url, event)).json()).toEqual({ id, topic: 'a', duplicate: true });
    expect(await (await publish(other.url, { ...event, id: 'twice' })).json()).not.toHaveProperty('duplicate');
  });

  it('section 9: it is ready only while the broker is connected, from the start on', async () => {
    const { nats, env } = await startNats();
    await nats.stop();
    const adminPort = await findFreePort();
    const ingest = start({ ...env, TIDINGS_ADMIN_PORT: `${adminPort}` });
    const admin = `http://127.0.0.1:${adminPort}`;
    await expect.poll(() => statusOf(`${admin}/readyz`).catch(() => 0), { timeout: 10_000 }).toBe(503);
    await nats.restart();
    const { url } = await ingest.listening();
    expect(await statusOf(`${admin}/readyz`)).toBe(200);
    expect((await publish(url, { topic: 'a', data: 1 })).status).toBe(202);
    await nats.stop();
    await expect.poll(() => statusOf(`${admin}/readyz`), { timeout: 10_000 }).toBe(503);
    expect(await statusOf(`${admin}/healthz`)).toBe(200);
    // What comes meanwhile is tried again for a while, and stored once the broker is back.
    const answer = publish(url, { topic: 'a', data: 2 });
    await nats.restart();
    expect((await answer).status).toBe(202);
    await expect.poll(() => statusOf(`${admin}/readyz`), { timeout: 10_000 }).toBe(200);
  });

  it('section 9: SIGTERM finishes a publish that the broker is slow to confirm, then ends with 0', async () => {
    const { nats, env } = await startNats();
    const ingest = start(env);
    const { url, adminUrl } = await ingest.listening();
    expect((await publish(url, { topic: 'a', data: 1 })).status).toBe(202);
    nats.freeze();
    const answer = publish(url, { topic: 'a', data: 2 });
    const metrics = async (): Promise<string> => (await fetch(`${adminUrl}/metrics`)).text();
    await expect.poll(metrics, { timeout: 10_000 }).toMatch(/tidings_publish_retries_total\{.*\} [1-9]/);
    ingest.signal('SIGTERM');
    await expect.poll(() => statusOf(`${adminUrl}/readyz`), { timeout: 10_000 }).toBe(503);
    nats.thaw();
    expect((await answer).status).toBe(202);
    expect(await ingest.exited).toBe(0);
    expect(ingest.stdout()).toContain('"msg":"stopped"');
    expect(ingest.stderr()).toBe('');
  });
});
