import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { MAX_HEADER_BYTES, type Problem, type ProblemCode, TidingsError, toProblem } from '@tidings/protocol';
import type { Logger } from './logger.ts';
import { errorResponse, problemHeaders } from './problem-response.ts';

const MAX_HEADERS = 100;
/** Headers and a whole request must have arrived within this time. */
const ARRIVAL_TIMEOUT_MS = 60_000;
// Longer than what balancers in front keep idle connections (commonly 60 s), so that they close first and never send a
// request into a connection that we are closing.
const KEEP_ALIVE_MS = 75_000;

/** Connections that have not asked for anything yet: browsers open some ahead of need. */
const unasked = new WeakMap<Server, Set<Socket>>();

/** A hono application's entrance. */
export type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/**
 * An HTTP/1 server around a hono application. What Node lets through and the wire contract does not is answered here,
 * before the application: other HTTP versions, absolute request targets, too many headers, broken framing.
 */
export function createHttpServer(fetch: Fetch, log: Logger): Server {
  const handle = getRequestListener(fetch as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    // HTTP/1.0 requests need not name a host.
    hostname: 'localhost',
    errorHandler: (error) =>
      errorResponse(new TidingsError('malformed-request', 'The host or the URL is not valid.', {}, error), log),
  });
  // More than one where requests are pipelined; in the order of the requests.
  const answering = new WeakMap<Duplex, Set<ServerResponse>>();
  const refused = new WeakSet<Duplex>();

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
      connectionsCheckingInterval: 5_000,
      // Node would answer without a problem document: `faultOf` does it.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      const { socket } = incoming;
      unasked.get(server)?.delete(socket);
      const answers = answering.get(socket) ?? new Set();
      answering.set(socket, answers.add(outgoing));
      outgoing.on('close', () => answers.delete(outgoing));
      // An error without a listener would end the process; what went wrong shows as `close`.
      outgoing.on('error', (error) => log.debug({ err: error }, 'response failed'));
      const fault = faultOf(incoming);
      if (fault !== undefined) return refuse(outgoing, fault, log);
      incoming.url = toOriginForm(incoming.url ?? '/');
      handle(incoming, outgoing).catch((error: unknown) => {
        log.error({ err: error }, 'request listener failed');
        outgoing.destroy();
      });
    },
  );
  const fresh = new Set<Socket>();
  unasked.set(server, fresh);
  server.on('connection', (socket: Socket) => {
    fresh.add(socket);
    socket.once('close', () => fresh.delete(socket));
  });
  server.headersTimeout = ARRIVAL_TIMEOUT_MS;
  server.requestTimeout = ARRIVAL_TIMEOUT_MS;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answers = [...(answering.get(socket) ?? [])];
    // In the middle of an answer a second one would be taken for its body.
    if (!socket.writable || answers.some((answer) => answer.headersSent)) return socket.destroy();
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
  return server;
}

function faultOf(incoming: IncomingMessage): Problem | undefined {
  // Node hands HTTP/0.9 and unknown versions on as if they were fine.
  if (incoming.httpVersion !== '1.1' && incoming.httpVersion !== '1.0') return toProblem('http-version');
  if (incoming.httpVersion === '1.1' && incoming.headers.host === undefined) {
    return toProblem('malformed-request', 'The Host header is missing.');
  }
  if (incoming.rawHeaders.length > 2 * MAX_HEADERS) {
    return toProblem('headers-too-large', `There are more than ${MAX_HEADERS} headers.`);
  }
  return undefined;
}

function refuse(outgoing: ServerResponse, problem: Problem, log: Logger): void {
  log.info({ status: problem.status, code: problem.code }, 'request refused');
  outgoing.writeHead(problem.status, { ...problemHeaders(), Connection: 'close' });
  outgoing.end(JSON.stringify(problem), () => outgoing.socket?.destroySoon());
}

// A proxy's request may be absolute (RFC 9112 section 3.2.2): the path counts, the host stands in the header too.
function toOriginForm(target: string): string {
  const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1] ?? target;
  return path.startsWith('/') ? path : `/${path}`;
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

/** Listens and resolves with the port in use. Rejects when the address can't be bound. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

// How often connections whose request is answered are looked for while the server closes.
const CLOSE_POLL_MS = 20;

// Within this time a connection that was just made must have begun to say what it is for.
const FIRST_BYTE_MS = 500;

/** Stops listening, lets requests under way finish within `graceMs`, then closes what is left. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
    // To Node a connection is busy until it is idle for the first time, also one that never sent a byte.
    const silence = setTimeout(() => {
      for (const socket of unasked.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy();
    }, FIRST_BYTE_MS);
    // Node closes what is idle when it is told to, and not what becomes idle afterwards.
    const sweep = setInterval(() => server.closeIdleConnections(), CLOSE_POLL_MS);
    server.close(() => {
      clearTimeout(deadline);
      clearTimeout(silence);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
