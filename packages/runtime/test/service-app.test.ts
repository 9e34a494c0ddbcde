import { Agent, get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WriteLine } from '../src/request-log.ts';
import { rawPath } from '../src/service-app.ts';
import { startApp, type TestApp } from './fixture.ts';

async function requestLine(app: TestApp): Promise<Record<string, unknown>> {
  const found = (): Record<string, unknown> | undefined => app.lines.find(({ msg }) => msg === 'request');
  await expect.poll(found).toBeDefined();
  return found() as Record<string, unknown>;
}

describe('what no route takes', () => {
  it('a path that nobody knows is 404 not-found', async () => {
    const { request } = await startApp();
    for (const line of [
      'GET /nowhere HTTP/1.1',
      'POST / HTTP/1.1',
      'OPTIONS /nowhere HTTP/1.1',
      'GET /hello/ HTTP/1.1',
    ]) {
      const answer = await request(line);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(JSON.parse(answer.body)).toMatchObject({ type: 'urn:tidings:problem:not-found', status: 404 });
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])(
    'hardening section 1: %s on a path of GET is 405 with Allow',
    async (method) => {
      const { request } = await startApp();
      const answer = await request(`${method} /hello HTTP/1.1`);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
      expect(JSON.parse(answer.body).code).toBe('method-not-allowed');
    },
  );

  it('hardening section 1: HEAD is GET without a body', async () => {
    const { request } = await startApp();
    const answer = await request('HEAD /hello HTTP/1.1');
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect((await request('HEAD /things/1 HTTP/1.1')).status).toBe(405);
  });

  it.each(['/things/%2e%2e', '/things/..', '/things/a%2fb', '/things/%2e%2e%2fhello'])(
    'hardening section 1: the path %s stays what it was sent as',
    async (path) => {
      const { request } = await startApp((app) => app.post('/hello', (context) => context.text('wrong route')));
      const answer = await request(`POST ${path} HTTP/1.1`);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain('"id"');
    },
  );

  it('rawPath is the target up to its query', () => {
    expect(rawPath({ url: '/a%2e%2e?x=1?y' } as never)).toBe('/a%2e%2e');
    expect(rawPath({ url: undefined } as never)).toBe('/');
  });
});

describe('CORS', () => {
  const allowed = { Origin: 'https://app.example' };
  const foreign = { Origin: 'https://evil.example' };

  it('section 4: an allowed origin may read every answer, with credentials, errors included', async () => {
    const { request } = await startApp();
    for (const path of ['/hello', '/nowhere', '/fails', '/refuses']) {
      const { headers } = await request(`GET ${path} HTTP/1.1`, allowed);
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('access-control-expose-headers')).toBe(
        'Tidings-Session, Retry-After, RateLimit, RateLimit-Policy',
      );
      expect(headers.get('vary')).toBe('Origin');
    }
  });

  it('hardening section 1: a foreign origin gets no permission, and never a star', async () => {
    const { request } = await startApp();
    for (const path of ['/hello', '/nowhere', '/fails']) {
      const { headers, text } = await request(`GET ${path} HTTP/1.1`, foreign);
      expect(text.toLowerCase()).not.toContain('access-control-');
      expect(headers.get('vary')).toBe('Origin');
    }
    expect((await request('GET /hello HTTP/1.1')).text.toLowerCase()).not.toContain('access-control-');
  });

  it('section 4: a preflight of an allowed origin lists methods and headers', async () => {
    const { request } = await startApp();
    const answer = await request('OPTIONS /things/1 HTTP/1.1', { ...allowed, 'Access-Control-Request-Method': 'POST' });
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, PATCH, DELETE');
    expect(answer.headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type, Last-Event-ID, Idempotency-Key',
    );
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(Number(answer.headers.get('access-control-max-age'))).toBeGreaterThan(0);
  });

  it('hardening section 1: a preflight of a foreign origin is 403 and permits nothing', async () => {
    const { request } = await startApp();
    for (const headers of [foreign, { Origin: 'null' }, { Origin: '' }]) {
      const answer = await request('OPTIONS /things/1 HTTP/1.1', headers);
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body).code).toBe('forbidden-origin');
      expect(answer.text.toLowerCase()).not.toContain('access-control-');
    }
  });

  it('OPTIONS without an origin tells what the path takes', async () => {
    const { request } = await startApp();
    const answer = await request('OPTIONS /things/1 HTTP/1.1');
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });
});

describe('errors', () => {
  it('an unexpected error is a 500 with an id that stands in the log beside its words, which the client never sees', async () => {
    const app = await startApp();
    const answer = await app.request('GET /fails HTTP/1.1');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('hunter2');
    const problem = JSON.parse(answer.body);
    expect(problem).toMatchObject({ type: 'urn:tidings:problem:internal', code: 'internal', status: 500 });
    const line = app.lines.find(({ msg }) => msg === 'unexpected error');
    expect(problem.detail).toContain(line?.errorId);
    expect(line).toMatchObject({ level: 50, err: { message: 'hunter2 is the password' } });
  });

  it('an expected error is its problem with its headers, and is not logged as an error', async () => {
    const app = await startApp();
    const answer = await app.request('GET /refuses HTTP/1.1');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'unavailable', detail: 'Come back later.' });
    expect(app.lines.filter(({ level }) => (level as number) >= 40)).toEqual([]);
  });

  it('something thrown that is no error is a 500 too, and the process goes on', async () => {
    const app = await startApp((routes) =>
      routes.get('/odd', () => {
        throw Object.assign(new Error(), { message: undefined });
      }),
    );
    expect((await app.request('GET /odd HTTP/1.1')).status).toBe(500);
    expect((await app.request('GET /hello HTTP/1.1')).status).toBe(200);
  });
});

describe('the request log', () => {
  it('section 9: says who, what, how long and how much, once the answer is complete', async () => {
    const app = await startApp((routes) =>
      routes.get('/who', (context) => {
        context.set('caller', { user: 'alice', tenant: 'acme' });
        return context.text('x'.repeat(1_000));
      }),
    );
    await app.request('GET /who?access_token=hunter2 HTTP/1.1');
    const line = await requestLine(app);
    expect(line).toMatchObject({
      method: 'GET',
      url: '/who?access_token=REDACTED',
      status: 200,
      user: 'alice',
      tenant: 'acme',
      address: '127.0.0.1',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(line.bytes).toBeGreaterThan(1_000);
    expect(line.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('section 9: an answer that lasts takes its line over, and writes it with what it knows once it has ended', async () => {
    let write: WriteLine | undefined;
    const app = await startApp((routes) =>
      routes.get('/lasts', (context) => {
        context.set('caller', { user: 'alice', tenant: 'acme' });
        write = context.get('takeLine')?.();
        return context.text('x');
      }),
    );
    await app.request('GET /lasts?access_token=hunter2 HTTP/1.1');
    await app.request('GET /hello HTTP/1.1');
    await requestLine(app);
    write?.(200, { delivered: 3, bytes: 70 });
    const lines = app.lines.filter(({ msg }) => msg === 'request');
    expect(lines.map(({ url }) => url)).toEqual(['/hello', '/lasts?access_token=REDACTED']);
    expect(lines[1]).toMatchObject({ status: 200, user: 'alice', tenant: 'acme', delivered: 3, bytes: 70 });
  });

  it('section 9: an answer of a long-lived connection counts its own bytes', async () => {
    const app = await startApp();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (let time = 0; time < 3; time += 1) {
      await new Promise((resolve) =>
        get({ port: app.port, host: '127.0.0.1', path: '/hello', agent }, (incoming) =>
          incoming.on('end', resolve).resume(),
        ),
      );
    }
    await expect.poll(() => app.lines.length).toBe(3);
    for (const { bytes } of app.lines) expect(bytes).toBeLessThan(400);
  });

  it('section 3: an answer to a URL with a token carries no-referrer and no-store', async () => {
    const { request } = await startApp();
    for (const path of ['/hello', '/nowhere', '/refuses', '/fails']) {
      const { headers } = await request(`GET ${path}?access_token=x HTTP/1.1`);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect((await request('GET /hello?x=1 HTTP/1.1')).headers.has('referrer-policy')).toBe(false);
  });
});
