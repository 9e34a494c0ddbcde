import { createServer } from 'node:http';
import { answerUsage } from './usage.ts';

// The floor of publishing: Node's own HTTP server, which reads the body and answers with the same head and about the same
// number of bytes as the hub. It authenticates, routes, parses, stores and logs nothing.
const ANSWER = '{"id":"0123abcd.1zzz.0a1b","topic":"bench.1"}';

const server = createServer({ noDelay: true, keepAliveTimeout: 75_000 }, (request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    Buffer.concat(pieces);
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': ANSWER.length });
    response.end(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => {
  answerUsage();
  const address = server.address();
  process.send?.({ type: 'ready', port: typeof address === 'object' ? address?.port : 0 });
});
