import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MAX_HEADER_BYTES, type Problem, type ProblemCode, toProblem } from '@tidings/protocol';
import type { Logger } from '../logger.ts';
import { problemHeaders } from '../problem-response.ts';
import { ARRIVAL_TIMEOUT_MS, KEEP_ALIVE_MS } from './deadline.ts';
import type { RequestListener } from './request-listener.ts';
import { isTakenOver } from './take-over.ts';

/** Requests of one connection that may wait for their turn. */
const MAX_PIPELINED = 100;

/**
 * The HTTP/1 side of a port: it is given connections, and never listens itself. Broken framing and what came too late is
 * answered here with a problem document.
 */
export function createHttp1Server(listener: RequestListener, log: Logger): Server {
  // More than one where requests are pipelined; in the order of the requests.
  const answering = new WeakMap<Duplex, Set<ServerResponse>>();
  const refused = new WeakSet<Duplex>();

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5_000,
      // Node would answer without a problem document: the listener does it.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      const { socket } = incoming;
      const answers = answering.get(socket) ?? new Set();
      const before = answers.size === 0 ? undefined : [...answers].at(-1);
      answering.set(socket, answers.add(outgoing));
      outgoing.on('close', () => {
        answers.delete(outgoing);
        if (answers.size === 0) answering.delete(socket);
      });
      if (before === undefined) return begin(incoming, outgoing);
      if (answers.size > MAX_PIPELINED) return void socket.destroy();
      before.once('close', () => begin(incoming, outgoing));
    },
  );

  // Node emits a request that is pipelined behind another at once. Each waits for the answer before it: a POST is not safe
  // to be worked on beside another, and nothing may follow an answer that closes the connection (RFC 9112 sections 9.3.2
  // and 9.6).
  function begin(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    if (socket.writable && !isTakenOver(socket)) listener(incoming, outgoing);
    // What waits behind it would wait for as long as the connection lives.
    else answering.delete(socket);
  }

  // An answer that its client does not take, too; one that it takes slowly goes on.
  server.timeout = KEEP_ALIVE_MS;
  server.headersTimeout = ARRIVAL_TIMEOUT_MS;
  server.requestTimeout = ARRIVAL_TIMEOUT_MS;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answers = [...(answering.get(socket) ?? [])];
    // In the middle of an answer a second one would be taken for its body.
    if (answers.some((answer) => answer.headersSent && !answer.writableEnded)) return socket.destroy();
    // A whole one may still be on its way, over TLS always: it is the last.
    if (!socket.writable || answers.some((answer) => answer.headersSent)) return (socket as Socket).destroySoon();
    // What comes behind the first fault is noise: one answer, one line, one listener.
    if (refused.has(socket)) return;
    refused.add(socket);
    socket.pause();
    const problem = problemOfClientError(error);
    const refuseRaw = (): void => {
      log.info({ status: problem.status, code: problem.code, cause: error.code }, 'request refused');
      if (socket.writable) socket.end(rawAnswer(problem), () => socket.destroy());
    };
    // The fault is in the request after those that came whole, whose own answers must come first.
    const last = answers.findLast((answer) => answer.req.complete);
    if (last === undefined) refuseRaw();
    else last.once('finish', refuseRaw);
  });
  // A server that never listens has no deadlines until it believes that it does.
  server.emit('listening');
  return server;
}

const CLIENT_ERROR_CODES: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
};

function problemOfClientError(error: NodeJS.ErrnoException): Problem {
  return toProblem(CLIENT_ERROR_CODES[error.code ?? ''] ?? 'malformed-request');
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  const head = { ...problemHeaders(), 'Content-Length': `${Buffer.byteLength(body)}`, Connection: 'close' };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('')}\r\n${body}`;
}
