import { describe, expect, it, onTestFinished } from 'vitest';
import { createAdminServer } from '../src/admin-server.ts';
import { createMetrics, type Metrics } from '../src/metrics.ts';
import { closeServer, listen } from '../src/server/listening.ts';
import { type RawAnswer, sendRaw } from '../src/testing/index.ts';
import { startApp } from './fixture.ts';

async function startAdmin(health: { live: boolean; ready: boolean }, metrics: Metrics = createMetrics()) {
  const server = createAdminServer(metrics, {
    live: () => health.live,
    ready: () => health.ready,
    detail: () => ({ streams: 3 }),
  });
  onTestFinished(() => closeServer(server, 0));
  const port = await listen(server, '127.0.0.1', 0);
  return (line: string): Promise<RawAnswer> =>
    sendRaw(port, `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, () => false);
}

describe('createAdminServer', () => {
  it('section 9: /healthz and /readyz tell the state of the moment', async () => {
    const health = { live: true, ready: false };
    const request = await startAdmin(health);
    expect((await request('GET /healthz')).status).toBe(200);
    expect((await request('GET /readyz')).status).toBe(503);
    health.ready = true;
    health.live = false;
    const healthz = await request('GET /healthz');
    expect(healthz.status).toBe(503);
    expect(healthz.text).toContain('{"status":"unavailable","streams":3}');
    const readyz = await request('GET /readyz?verbose');
    expect(readyz.status).toBe(200);
    expect(readyz.text).toContain('{"status":"ok","streams":3}');
    expect(readyz.headers.get('cache-control')).toBe('no-store');
  });

  it('section 9: /metrics is in the Prometheus text format', async () => {
    const metrics = createMetrics();
    metrics.eventsPublished.inc({ result: 'accepted' }, 2);
    const request = await startAdmin({ live: true, ready: true }, metrics);
    const answer = await request('GET /metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.text).toContain('tidings_events_published_total{result="accepted"} 2');
  });

  it('metrics that fail are a 500, and the process goes on', async () => {
    const broken = { ...createMetrics(), text: () => Promise.reject(new Error('broken')) };
    const request = await startAdmin({ live: true, ready: true }, broken);
    expect((await request('GET /metrics')).status).toBe(500);
    expect((await request('GET /healthz')).status).toBe(200);
  });

  it('other paths are 404, other methods 405 with Allow, and HEAD has no body', async () => {
    const request = await startAdmin({ live: true, ready: true });
    for (const path of ['/', '/v1/stream', '/healthz/', '/metrics/x', '/HEALTHZ']) {
      expect((await request(`GET ${path}`)).status).toBe(404);
    }
    for (const method of ['POST', 'DELETE', 'OPTIONS', 'PUT']) {
      const answer = await request(`${method} /healthz`);
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
    const head = await request('HEAD /healthz');
    expect([head.status, head.body]).toEqual([200, '']);
  });

  it('section 9: the public port knows none of its paths', async () => {
    const { request } = await startApp();
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await request(`GET ${path} HTTP/1.1`)).status).toBe(404);
    }
  });
});

describe('createMetrics', () => {
  it('two services in one process count apart', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.eventsDelivered.inc();
    expect(await one.text()).toContain('tidings_events_delivered_total 1');
    expect(await two.text()).toContain('tidings_events_delivered_total 0');
  });

  it('every series of ours is named tidings_ and explained, and none is labelled by topic or user', async () => {
    const text = await createMetrics().text();
    const names = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name]) => name as string);
    const own = names.filter((name) => !/^(process|nodejs)_/.test(name));
    expect(own.length).toBeGreaterThan(10);
    for (const name of own) expect(name).toMatch(/^tidings_[a-z_]+$/);
    expect(text).not.toMatch(/\{[^}]*(topic|user|session|tenant)=/);
  });
});
