// better-sse as its manual shows it: one channel, every request a session.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface BetterSse {
  createSession(request: IncomingMessage, response: ServerResponse): Promise<unknown>;
  createChannel(): { register(session: unknown): void; broadcast(data: unknown, event?: string): void };
}

// By a name that is not written out: it is no dependency, and only who compares has it.
const name = 'better-sse';
const { createSession, createChannel } = (await import(name)) as BetterSse;
const channel = createChannel();

const server = createServer({ noDelay: true }, async (request, response) => {
  if (request.method === 'GET') {
    channel.register(await createSession(request, response));
    return;
  }
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  channel.broadcast(Buffer.concat(pieces).toString());
  response.writeHead(202, { 'content-length': 0 }).end();
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => {
  console.log(`{"url":"http://127.0.0.1:${(server.address() as AddressInfo).port}"}`);
});
