import { connect, createServer, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { expect, it, onTestFinished } from 'vitest';
import { createClientAddress } from '../src/client-address.ts';
import { answerJson } from '../src/direct-answer.ts';
import { createLogger } from '../src/logger.ts';
import { createServiceApp, type ServiceApp } from '../src/service-app.ts';
import { startApp } from './fixture.ts';

const addDirect = (app: ServiceApp): unknown => app.post('/direct', (context) => answerJson(context, 202, { a: 'ä' }));

it('an answer past hono has the status, the type and the length, and stands in the log', async () => {
  const app = await startApp((routes) => void addDirect(routes));
  const { status, headers, body } = await app.request('POST /direct HTTP/1.1');
  expect(status).toBe(202);
  expect(body).toBe(Buffer.from('{"a":"ä"}').toString('latin1'));
  expect(Object.fromEntries(headers)).toEqual({
    'content-type': 'application/json',
    'content-length': '10',
    connection: 'close',
    date: expect.any(String),
  });
  await expect.poll(() => app.lines.length).toBe(1);
  expect(app.lines[0]).toMatchObject({ status: 202, url: '/direct' });
});

it('section 4: it carries the CORS headers of allowed origins, and Vary for the others', async () => {
  const { request } = await startApp((routes) => void addDirect(routes));
  const allowed = await request('POST /direct HTTP/1.1', { Origin: 'https://app.example' });
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
  expect(allowed.headers.get('vary')).toBe('Origin');
  const foreign = await request('POST /direct HTTP/1.1', { Origin: 'https://evil.example' });
  expect(foreign.headers.has('access-control-allow-origin')).toBe(false);
  expect(foreign.headers.get('vary')).toBe('Origin');
});

it('section 3: in answer to a URL with a token it carries no-referrer and no-store', async () => {
  const { request } = await startApp((routes) => void addDirect(routes));
  const { headers } = await request('POST /direct?access_token=x HTTP/1.1');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cache-control')).toBe('no-store');
  expect((await request('POST /direct?a=x HTTP/1.1')).headers.has('referrer-policy')).toBe(false);
});

it('a client that is gone before its answer harms nobody, and its headers stick to nothing', async () => {
  const gone = deferred();
  const app = await startApp((routes) =>
    routes.post('/late', async (context) => {
      context.env.outgoing.on('close', () => setImmediate(() => gone.resolve(undefined)));
      await gone.promise;
      return answerJson(context, 202, {});
    }),
  );
  const head =
    'POST /late?access_token=x HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nContent-Length: 0\r\n\r\n';
  const socket = connectSocket(app.port, '127.0.0.1', () =>
    socket.write(head, () => setTimeout(() => socket.destroy(), 50)),
  );
  await gone.promise;
  expect((await app.request('GET /hello HTTP/1.1')).status).toBe(200);
  expect([...RESPONSE_ALREADY_SENT.headers.keys()]).toEqual(['x-hono-already-sent']);
  expect(app.lines.filter(({ level }) => (level as number) >= 40)).toEqual([]);
});

it('it goes over HTTP/2 as well', async () => {
  const app = createServiceApp({
    log: createLogger('test', 'silent'),
    clientAddress: createClientAddress([]),
    corsOrigin: ({ headers }) => headers.origin,
  });
  addDirect(app);
  const server = createServer(getRequestListener(app.fetch as never, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request({ ':method': 'POST', ':path': '/direct', origin: 'https://app.example' });
  let headers: IncomingHttpHeaders = {};
  let text = '';
  stream.setEncoding('utf8').on('response', (given) => (headers = given));
  stream.on('data', (piece) => (text += piece)).end('ignored');
  await new Promise((resolve, reject) => stream.on('error', reject).on('close', resolve));
  session.close();
  expect(text).toBe('{"a":"ä"}');
  expect(headers).toMatchObject({
    ':status': 202,
    'content-length': '10',
    'access-control-allow-origin': 'https://app.example',
  });
  expect(headers).not.toHaveProperty('connection');
});

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
