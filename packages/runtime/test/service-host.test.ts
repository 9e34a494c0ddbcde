import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../src/logger.ts';
import { createMetrics } from '../src/metrics.ts';
import { createHostedApp, type HostedService, hostService, type Service } from '../src/service-host.ts';
import { announce } from '../src/service-process.ts';
import { ConfigurationError, loadSettings } from '../src/settings.ts';
import { watchForLeaks } from '../src/testing/index.ts';
import { VERSION } from '../src/version.ts';

/** A service of two answers that writes down what its host asks of it. */
function createService(events: string[], parts: Partial<Service> = {}): Service {
  return {
    health: { live: () => true, ready: () => true, detail: () => ({ events: events.length }) },
    closeGraceMs: 5_000,
    async open() {
      events.push('open');
      return () => new Response('here');
    },
    drain: async () => void events.push('drain'),
    close: async () => void events.push('close'),
    ...parts,
  };
}

const host = (service: Service, env: NodeJS.ProcessEnv = {}): Promise<HostedService> =>
  hostService(
    service,
    loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', ...env }),
    createMetrics(),
    createLogger('test', 'silent'),
  );

/** A free port, which the admin server is told to take so that it can be asked before anybody is told of it. */
async function freePort(): Promise<number> {
  const hosted = await host(createService([]));
  await hosted.stop();
  return Number(new URL(hosted.adminUrl).port);
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

describe('a hosted service', () => {
  it('section 9: while it ends its metrics say since when, how long that may take, and which node it is', async () => {
    let drained = (): void => {};
    const draining = new Promise<void>((resolve) => {
      drained = resolve;
    });
    const hosted = await host(createService([], { node: 'abc', drain: () => draining }), { TIDINGS_DRAIN_MS: '2500' });
    const metrics = async (): Promise<string> => (await fetch(`${hosted.adminUrl}/metrics`)).text();
    const started = async (): Promise<number> =>
      Number(/^tidings_drain_started_timestamp_seconds (\S+)/m.exec(await metrics())?.[1]);
    expect(await started()).toBe(0);
    const stopped = hosted.stop();
    expect(Math.abs((await started()) - Date.now() / 1000)).toBeLessThan(30);
    const text = await metrics();
    expect(text).toContain('tidings_drain_spread_seconds 2.5');
    expect(text).toContain('tidings_node_info{node="abc"} 1');
    expect(text).toContain(`tidings_build_info{version="${VERSION}",node_version="${process.versions.node}"} 1`);
    drained();
    await stopped;
  });

  it('section 9: the probes are answered while it opens: it works, and is not ready', async () => {
    const port = await freePort();
    let ready = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const starting = host(
      createService([], {
        async open() {
          await waiting;
          return () => new Response('here');
        },
      }),
      { TIDINGS_ADMIN_PORT: `${port}` },
    );
    await expect.poll(() => statusOf(`http://127.0.0.1:${port}/healthz`).catch(() => 0)).toBe(200);
    expect(await statusOf(`http://127.0.0.1:${port}/readyz`)).toBe(503);
    ready();
    const hosted = await starting;
    expect(await statusOf(`${hosted.adminUrl}/readyz`)).toBe(200);
    expect(await (await fetch(hosted.url)).text()).toBe('here');
    await hosted.stop();
  });

  it('section 9: its own health counts once it is open, and its detail is shown', async () => {
    let fine = true;
    const health = { live: () => fine, ready: () => fine, detail: () => ({ streams: 7 }) };
    const hosted = await host(createService([], { health }));
    const answer = await fetch(`${hosted.adminUrl}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok', streams: 7 }]);
    fine = false;
    expect(await statusOf(`${hosted.adminUrl}/readyz`)).toBe(503);
    expect(await statusOf(`${hosted.adminUrl}/healthz`)).toBe(503);
    await hosted.stop();
  });

  it('section 9: at the end it is not ready, drains, finishes what is under way, closes; the admin port goes last', async () => {
    const settled = watchForLeaks();
    const events: string[] = [];
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let adminUrl = '';
    const service = createService(events, {
      async open() {
        return async () => {
          events.push('asked');
          await finished;
          return new Response('finished');
        };
      },
      async close() {
        events.push(
          `close, readyz ${await statusOf(`${adminUrl}/readyz`)}, healthz ${await statusOf(`${adminUrl}/healthz`)}`,
        );
      },
    });
    const hosted = await host(service);
    adminUrl = hosted.adminUrl;
    const answer = fetch(hosted.url, { headers: { connection: 'close' } });
    await expect.poll(() => events).toEqual(['asked']);
    const stopped = hosted.stop();
    expect(await statusOf(`${adminUrl}/readyz`)).toBe(503);
    expect(events).toEqual(['asked', 'drain']);
    await expect(fetch(hosted.url)).rejects.toThrow();
    finish();
    expect(await (await answer).text()).toBe('finished');
    await stopped;
    expect(events).toEqual(['asked', 'drain', 'close, readyz 503, healthz 200']);
    await expect(fetch(`${adminUrl}/healthz`)).rejects.toThrow();
    await settled();
  });

  it('a start that fails half-way leaves nothing open, and the fault is the caller’s to see', async () => {
    const settled = watchForLeaks();
    const events: string[] = [];
    const open = (): Promise<never> => Promise.reject(new ConfigurationError(['TIDINGS_NATS_URL: refused']));
    await expect(host(createService(events, { open }))).rejects.toThrow('TIDINGS_NATS_URL: refused');
    expect(events).toEqual(['close']);
    await settled();
  });

  it('section 9: an address that is taken is a configuration fault, of either port', async () => {
    const settled = watchForLeaks();
    const hosted = await host(createService([]));
    const events: string[] = [];
    const { port } = new URL(hosted.url);
    await expect(host(createService(events), { PORT: port })).rejects.toThrow(
      /HOST, PORT: can't listen on 127\.0\.0\.1:\d+/,
    );
    expect(events).toEqual(['open', 'close']);
    await expect(host(createService(events), { TIDINGS_ADMIN_PORT: port })).rejects.toThrow(ConfigurationError);
    expect(events).toEqual(['open', 'close']);
    await hosted.stop();
    await settled();
  });

  it.each([
    ['0.0.0.0', 'localhost'],
    ['::1', '[::1]'],
    ['127.0.0.1', '127.0.0.1'],
  ])('a URL for %s is one that a client can use', async (address, name) => {
    const hosted = await host(createService([]), { HOST: address });
    for (const url of [hosted.url, hosted.adminUrl]) expect(url).toMatch(`http://${name}:`);
    expect(await statusOf(`${hosted.adminUrl}/healthz`)).toBe(200);
    await hosted.stop();
  });

  it.each(['trace', 'info', 'fatal', 'silent'])(
    'section 9: one line says where it listens, at log level %s too',
    (level) => {
      const lines: Record<string, unknown>[] = [];
      const log = createLogger('edge', level, { write: (line) => void lines.push(JSON.parse(line)) });
      announce('edge', { url: 'http://a:1', adminUrl: 'http://a:2', node: 'n1', stop: async () => {} }, log);
      expect(lines).toMatchObject([
        {
          service: 'edge',
          version: VERSION,
          url: 'http://a:1',
          admin: 'http://a:2',
          node: 'n1',
          msg: 'edge listening on http://a:1, admin on http://a:2',
        },
      ]);
    },
  );

  it('the version is that of the whole', () => {
    const root = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(VERSION).toBe(root.version);
  });

  it('section 9: a bad proxy range is a configuration fault that names its variable', () => {
    const settings = loadSettings({ TIDINGS_TRUSTED_PROXIES: '10.0.0.0/99' });
    const create = () => createHostedApp(settings, createMetrics(), createLogger('test', 'silent'), () => undefined);
    expect(create).toThrow(/TIDINGS_TRUSTED_PROXIES: "10\.0\.0\.0\/99"/);
  });
});
