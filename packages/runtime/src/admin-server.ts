import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';

/** What the probes ask; `detail` is shown to operators. */
export interface HealthCheck {
  /** The process works. */
  live(): boolean;
  /** It should get traffic. */
  ready(): boolean;
  detail(): object;
}

/**
 * The admin port: `/healthz`, `/readyz`, `/metrics` (contract section 9). It has no authentication and belongs on a
 * network that only operators reach; the public port never shows these paths.
 */
export function createAdminServer(metrics: Metrics, health: HealthCheck): Server {
  return createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (path === '/healthz' || path === '/readyz') {
      const fine = path === '/healthz' ? health.live() : health.ready();
      response.writeHead(fine ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      response.end(`${JSON.stringify({ status: fine ? 'ok' : 'unavailable', ...health.detail() })}\n`);
    } else if (path === '/metrics') {
      metrics.text().then(
        (text) => response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    } else {
      response.writeHead(404).end();
    }
  });
}
