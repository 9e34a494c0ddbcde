// The floor: Node's own HTTP servers, which write one shared buffer to every stream in a loop. It authenticates, checks,
// stores and logs nothing. `--transport h1|h2c|h1-tls|h2-tls`, and with `--discard` it answers publishers and does no more.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { parseArgs } from 'node:util';
import { encodeByTopic, GREETING, type Sink, toChunk } from './encode.ts';

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'h1' },
    cert: { type: 'string', default: '' },
    key: { type: 'string', default: '' },
    discard: { type: 'boolean', default: false },
  },
});
const { transport } = values;
const chunked = transport.startsWith('h1');
const HEAD = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' };
const sinks = new Map<string, Set<Sink>>();

function subscribe(path: string, sink: Sink): void {
  const topic = new URLSearchParams(path.split('?')[1]).get('topic') ?? '';
  const subscribers = sinks.get(topic) ?? new Set();
  sinks.set(topic, subscribers.add(sink));
}

function publish(body: string): void {
  const parsed = JSON.parse(body);
  for (const [topic, bytes] of encodeByTopic(Array.isArray(parsed) ? parsed : [parsed], chunked)) {
    for (const sink of sinks.get(topic) ?? []) sink.write(bytes);
  }
}

function openHttp1(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, HEAD);
  response.flushHeaders();
  request.socket.write(toChunk(GREETING));
  subscribe(request.url ?? '', request.socket);
}

function openHttp2(stream: ServerHttp2Stream, headers: NodeJS.Dict<string | string[]>): void {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, ...HEAD });
  stream.write(GREETING);
  subscribe(headers[':path'] as string, stream);
}

const onHttp1: RequestListener = (request, response) => {
  if (request.method === 'GET') return openHttp1(request, response);
  const pieces: Buffer[] = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    if (!values.discard) publish(body.toString());
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': 2 }).end('{}');
  });
};

function createStreamServer(): Server {
  if (transport === 'h1') return createServer({ noDelay: true }, onHttp1);
  if (transport === 'h2c') return createHttp2Server().on('stream', openHttp2) as Server;
  const keys = { cert: readFileSync(values.cert), key: readFileSync(values.key) };
  if (transport === 'h1-tls') return createHttpsServer({ ...keys, noDelay: true }, onHttp1);
  return createSecureServer(keys).on('stream', openHttp2) as Server;
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });

// Publishing is HTTP/1 on a port of its own, whatever carries the streams.
const [streams, publishing] = await Promise.all([listen(createStreamServer()), listen(createServer(onHttp1))]);
console.log(`{"url":"http://127.0.0.1:${streams}","admin":"http://127.0.0.1:${publishing}"}`);
