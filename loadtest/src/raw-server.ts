import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { answerUsage } from './usage.ts';

// The floor: Node's own HTTP server, which writes one shared buffer, framed as a chunk, to every socket in a loop. It
// authenticates, routes, stores and logs nothing.
const sockets = new Set<Socket>();

const server = createServer({ noDelay: true }, (request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
    response.flushHeaders();
    request.socket.write('6\r\n: ok\n\n\r\n');
    sockets.add(request.socket);
    return;
  }
  const pieces: Buffer[] = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const block = `id: 0123abcd.1z.0a1b\ndata: ${Buffer.concat(pieces).toString()}\n\n`;
    const chunk = Buffer.from(`${Buffer.byteLength(block).toString(16)}\r\n${block}\r\n`);
    for (const socket of sockets) socket.write(chunk);
    response.writeHead(202).end();
  });
});
server.listen(0, '127.0.0.1', () => {
  answerUsage();
  const address = server.address();
  process.send?.({ type: 'ready', port: typeof address === 'object' ? address?.port : 0, token: 'none' });
});
