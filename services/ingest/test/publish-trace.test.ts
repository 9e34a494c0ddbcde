import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Grant } from '@tidings/auth';
import type { Broker } from '@tidings/broker';
import { createLogger, createMetrics, type ServiceContext, type Tracer } from '@tidings/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { createPublish } from '../src/publish.ts';
import { beginPublish } from '../src/publish-trace.ts';

const CONTEXT = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: '' };

test('the span of a request ends where its client left before the token was looked at', async () => {
  const told: unknown[] = [];
  const tracer: Tracer = {
    isOn: true,
    start: () => ({
      context: CONTEXT,
      set: (attributes) => void told.push(attributes),
      end: (fault) => void told.push(['ended', fault]),
    }),
  };
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n');
  const [incoming, outgoing] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  const context = { env: { incoming, outgoing }, set: () => {} } as unknown as ServiceContext;
  const trace = beginPublish(tracer, context, '/v1/events');
  client.destroy();
  await once(outgoing, 'close');
  trace?.accept({ tenant: 'acme' } as Grant);
  expect(told).toEqual([{ 'tidings.tenant': 'acme' }, { 'http.response.status_code': 499 }, ['ended', undefined]]);
});

test('a batch in which nothing is valid has no span of a store', async () => {
  let stores = 0;
  const store = () => {
    stores += 1;
    return { context: CONTEXT, end: () => {} };
  };
  const publish = createPublish({} as Broker, createMetrics(), createLogger('test', 'silent'));
  const request = { grant: {} as Grant, traceId: () => CONTEXT.traceId, trace: { accept: () => {}, store } };
  expect(await publish(request, [])).toEqual([]);
  expect(stores).toBe(0);
});
