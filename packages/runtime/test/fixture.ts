import { TidingsError } from '@tidings/protocol';
import { onTestFinished } from 'vitest';
import { createClientAddress } from '../src/client-address.ts';
import { createLogger } from '../src/logger.ts';
import { createPublicServer, type PublicServer, type PublicServerOptions } from '../src/server/public-server.ts';
import { createServiceApp, type ServiceApp } from '../src/service-app.ts';
import { type RawAnswer, readLogLine, sendRaw } from '../src/testing/index.ts';

export interface TestApp {
  readonly port: number;
  readonly server: PublicServer;
  readonly lines: Record<string, unknown>[];
  /** Sends a request of these lines; a body goes into `body`. */
  request(line: string, headers?: Record<string, string>, body?: string): Promise<RawAnswer>;
}

/** A service with a few routes of its own on a free port; closed when the test has ended. */
export async function startApp(
  addRoutes: (app: ServiceApp) => void = () => {},
  options: Partial<PublicServerOptions> = {},
): Promise<TestApp> {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  const app = createServiceApp({
    log,
    clientAddress: createClientAddress([]),
    corsOrigin: ({ headers }) => (headers.origin === 'https://app.example' ? headers.origin : undefined),
  });
  app.get('/hello', (context) => context.text('hello'));
  app.post('/things/:id', (context) => context.json({ id: context.req.param('id') }));
  app.get('/fails', () => {
    throw new Error('hunter2 is the password');
  });
  app.get('/refuses', () => {
    throw new TidingsError('unavailable', 'Come back later.', { retryAfterSec: 7 });
  });
  addRoutes(app);
  const server = createPublicServer({ fetch: (request, env) => app.fetch(request, env), log, ...options });
  onTestFinished(() => server.close(0));
  const port = await server.listen('127.0.0.1', 0);
  return {
    port,
    server,
    lines,
    request(line, headers = {}, body = '') {
      const given = { Host: 'hub.example', Connection: 'close', 'Content-Length': `${body.length}`, ...headers };
      const text = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
      return sendRaw(port, `${line}\r\n${text.join('')}\r\n${body}`, () => false);
    },
  };
}
