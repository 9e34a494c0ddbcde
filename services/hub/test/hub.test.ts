import { ConfigurationError, createLogger, isLocal, loadSettings, type RequestHead } from '@tidings/runtime';
import { connectSocket, openStream, PROTOCOL, request, sendRaw, watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, test } from 'vitest';
import { startHub } from '../src/hub.ts';
import { SECRET, startTestHub } from './fixture.ts';

const publish = (url: string, token: string, topic: string, body: string): Promise<Response> =>
  request(`${url}/v1/topics/${topic}/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
    body,
  });

describe('the hub', () => {
  test('section 1: answers for ingest and edge on one port, and describes both at /openapi.json and /docs', async () => {
    const hub = await startTestHub();
    const document = await (await request(`${hub.url}/openapi.json`)).json();
    expect(document.openapi).toBe('3.1.0');
    const requests = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(requests.sort()).toEqual([
      'DELETE /v1/schedules/{id}',
      'DELETE /v1/sessions/{id}',
      'DELETE /v1/topics/{topic}/events',
      'DELETE /v1/users/{user}/events',
      'GET /v1/explain',
      'GET /v1/position',
      'GET /v1/schedules',
      'GET /v1/schedules/{id}',
      'GET /v1/sessions',
      'GET /v1/sessions/{id}',
      'GET /v1/stream',
      'GET /v1/topics/{topic}/events',
      'GET /v1/topics/{topic}/presence',
      'GET /v1/users/{user}/inbox',
      'PATCH /v1/sessions/{id}',
      'PATCH /v1/users/{user}/inbox/read',
      'POST /v1/events',
      'POST /v1/hooks/{name}',
      'POST /v1/revocations',
      'POST /v1/stream',
      'POST /v1/tickets',
      'POST /v1/topics/{topic}/events',
      'POST /v1/users/{user}/events',
    ]);
    const page = await request(`${hub.url}/docs`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    // The reference must work without the internet.
    for (const path of ['/docs', '/docs/reference.js', '/docs/reference.css']) {
      expect(await (await request(hub.url + path)).text()).not.toMatch(/(src|href|url)\s*[=(]\s*["']?https?:/);
    }
  });

  test('section 9: health and metrics are on the admin port, and never on the public one', async () => {
    const hub = await startTestHub();
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await fetch(hub.adminUrl + path)).status, path).toBe(200);
      expect((await request(hub.url + path)).status, path).toBe(404);
    }
    expect((await fetch(`${hub.adminUrl}/v1/position`)).status).toBe(404);
  });

  test('a published event reaches its stream, and the metrics count it', async () => {
    const hub = await startTestHub();
    const token = await hub.token({ subscribe: ['a.*'], publish: ['a.>'] });
    const stream = await openStream(`${hub.url}/v1/stream?topic=a.*`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await stream.event('hub.live');
    expect((await publish(hub.url, token, 'a.b', 'hello')).status).toBe(202);
    expect((await stream.event('message')).data).toBe('hello');
    const metrics = await (await fetch(`${hub.adminUrl}/metrics`)).text();
    expect(metrics).toContain(`tidings_connections_open{transport="${PROTOCOL}"} 1`);
    expect(metrics).toContain('tidings_events_published_total{result="accepted"} 1');
    expect(metrics).toContain('tidings_events_delivered_total 1');
    await request(`${hub.url}/nowhere`);
    expect(await (await fetch(`${hub.adminUrl}/metrics`)).text()).toContain(
      'tidings_rejected_total{reason="not-found"} 1',
    );
    stream.destroy();
  });

  test('section 3: tenants share nothing: topics, history, wildcards', async () => {
    const hub = await startTestHub();
    const grants = { subscribe: ['>'], publish: ['>'] };
    const ours = await hub.token(grants);
    const theirs = await hub.token(grants, { tenant: 'acme' });
    const stream = await openStream(`${hub.url}/v1/stream?topic=%3E`, { headers: { authorization: `Bearer ${ours}` } });
    await stream.event('hub.live');
    await publish(hub.url, theirs, 'a', 'theirs');
    await publish(hub.url, ours, 'a', 'ours');
    await stream.event('message');
    expect(stream.published().map(({ data }) => data)).toEqual(['ours']);
    const history = await request(`${hub.url}/v1/topics/%3E/events`, {
      headers: { authorization: `Bearer ${theirs}` },
    });
    const { events } = (await history.json()) as { events: { data: string }[] };
    expect(events.map(({ data }) => data)).toEqual(['theirs']);
    stream.destroy();
  });

  test('section 9: stopping says goodbye to every stream, spreads their return, and leaves nothing open', async () => {
    const settled = watchForLeaks();
    const hub = await startTestHub({ TIDINGS_DRAIN_MS: '4000' });
    const token = await hub.token({ subscribe: ['a'] });
    const headers = { authorization: `Bearer ${token}` };
    const streams = await Promise.all(
      Array.from({ length: 40 }, () => openStream(`${hub.url}/v1/stream?topic=a`, { headers })),
    );
    await Promise.all(streams.map((stream) => stream.event('hub.live')));
    await hub.stop();
    await Promise.all(streams.map((stream) => stream.end()));
    const goodbyes = streams.map((stream) => JSON.parse(stream.events.at(-1)?.data ?? '{}'));
    expect(new Set(goodbyes.map(({ reason }) => reason))).toEqual(new Set(['draining']));
    const retries = goodbyes.map(({ retry }) => retry as number);
    expect(streams.map((stream) => stream.retries.at(-1))).toEqual(retries);
    // Ten in each quarter, one for each of the forty equal parts of the time.
    const quarters = [0, 1, 2, 3].map(
      (quarter) => retries.filter((ms) => Math.min(3, Math.floor(ms / 1000)) === quarter).length,
    );
    for (const count of quarters) expect(count).toBeGreaterThanOrEqual(8);
    expect(Math.max(...retries)).toBeLessThanOrEqual(4_000);
    await expect(request(`${hub.url}/v1/position`, { headers })).rejects.toThrow();
    await settled();
  });

  test('section 9: a publish under way is finished before the hub stops', async () => {
    const hub = await startTestHub();
    const token = await hub.token({ publish: ['a'] });
    const head = `POST /v1/topics/a/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: text/plain\r\n`;
    // Only half of the body goes out before the stop: the other half must still be taken.
    let finish = (): void => {};
    const answer = new Promise<string>((resolve) => {
      let text = '';
      const socket = connectSocket(hub.port);
      socket.write(`${head}Content-Length: 10\r\n\r\n01234`);
      finish = () => socket.write('56789');
      socket.on('data', (bytes) => {
        text += bytes;
      });
      socket.on('close', () => resolve(text));
    });
    await expect.poll(async () => (await fetch(`${hub.adminUrl}/readyz`)).status).toBe(200);
    const stopped = hub.stop();
    finish();
    expect(await answer).toMatch(/^HTTP\/1\.1 202 /);
    await stopped;
  });

  test('section 9: in production a key is required, and every fault is told at once', () => {
    const env = { NODE_ENV: 'production', PORT: 'eighty', TIDINGS_TYPO: '1' };
    expect(() => loadSettings(env)).toThrow(ConfigurationError);
    try {
      loadSettings(env);
    } catch (error) {
      const { problems } = error as ConfigurationError;
      expect(problems.map((line) => line.split(':')[0])).toEqual([
        'TIDINGS_TYPO',
        'PORT',
        'TIDINGS_JWT_SECRET | TIDINGS_JWT_PUBLIC_KEY | TIDINGS_JWKS_URL',
      ]);
    }
  });

  test('section 9: an address that is taken, a bad proxy range and a missing file are configuration faults', async () => {
    const hub = await startTestHub();
    const log = createLogger('hub', 'silent');
    const start = (env: NodeJS.ProcessEnv) =>
      startHub(loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...env }), log);
    await expect(start({ PORT: `${hub.port}` })).rejects.toThrow(/HOST, PORT: can't listen on 127\.0\.0\.1:\d+/);
    await expect(start({ TIDINGS_TRUSTED_PROXIES: '10.0.0.0/99' })).rejects.toThrow(
      /TIDINGS_TRUSTED_PROXIES: "10\.0\.0\.0\/99"/,
    );
    await expect(start({ TIDINGS_TOPICS_FILE: '/nowhere.json' })).rejects.toThrow(/TIDINGS_TOPICS_FILE: ENOENT/);
    await expect(start({ TIDINGS_JWT_SECRET: 'short' })).rejects.toThrow(/TIDINGS_JWT_SECRET.*has 5 bytes/);
  });
});

describe('the page for newcomers', () => {
  const development = { TIDINGS_JWT_SECRET: '' };

  test('section 9: in development without a key the hub makes one, and its tokens and page work', async () => {
    const hub = await startTestHub(development);
    expect(hub.kit).toBeDefined();
    const page = await (await request(hub.url)).text();
    expect(page).toContain(hub.kit?.subscribeToken);
    expect((await publish(hub.url, hub.kit?.publishToken ?? '', 'demo.1', 'x')).status).toBe(202);
    // Each token can do one thing only.
    expect((await publish(hub.url, hub.kit?.subscribeToken ?? '', 'demo.1', 'x')).status).toBe(403);
  });

  test('the page holds tokens, so it answers to loopback names alone', async () => {
    const hub = await startTestHub(development);
    const ask = (host: string) => sendRaw(hub.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    for (const host of ['localhost', `127.0.0.1:${hub.port}`, '[::1]:8080'])
      expect((await ask(host)).status, host).toBe(200);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1']) {
      const answer = await ask(host);
      expect(answer.status, host).toBe(403);
      expect(answer.text).not.toContain(hub.kit?.publishToken);
    }
  });

  test('a loopback name from another machine opens nothing, nor does this machine by another name', () => {
    const toHead = (host: string | undefined, remoteAddress: string | undefined, headers = {}): RequestHead => ({
      headers: { host, ...headers },
      rawHeaders: [],
      socket: { remoteAddress },
    });
    expect(isLocal(toHead('localhost:8080', '127.0.0.1'))).toBe(true);
    expect(isLocal(toHead('[::1]:8080', '::1'))).toBe(true);
    expect(isLocal(toHead('localhost', '::ffff:127.0.0.1'))).toBe(true);
    expect(isLocal(toHead('localhost', '192.0.2.7'))).toBe(false);
    expect(isLocal(toHead('localhost', '::ffff:192.0.2.7'))).toBe(false);
    expect(isLocal(toHead('evil.example', '127.0.0.1'))).toBe(false);
    expect(isLocal(toHead(undefined, undefined))).toBe(false);
    // By a proxy on this machine, which names it as it reaches it.
    expect(isLocal(toHead('localhost', '127.0.0.1', { 'x-forwarded-for': '192.0.2.7' }))).toBe(false);
    expect(isLocal(toHead('localhost', '127.0.0.1', { forwarded: 'for=192.0.2.7' }))).toBe(false);
  });

  test('with a key, or in production, there is no page and no token', async () => {
    for (const env of [{}, { NODE_ENV: 'production' }]) {
      const hub = await startTestHub(env);
      expect(hub.kit).toBeUndefined();
      expect((await request(hub.url)).status).toBe(404);
    }
  });

  test('two hubs in one process do not share their counts', async () => {
    const [one, other] = await Promise.all([startTestHub(), startTestHub()]);
    await publish(one.url, await one.token({ publish: ['a'] }), 'a', 'x');
    expect(await (await fetch(`${other.adminUrl}/metrics`)).text()).toContain(
      'events_published_total{result="accepted"} 0',
    );
  });
});
