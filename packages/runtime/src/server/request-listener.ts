import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { MAX_HEADER_BYTES, type Problem, TidingsError, toProblem } from '@tidings/protocol';
import type { Logger } from '../logger.ts';
import { errorResponse, problemHeaders } from '../problem-response.ts';

/** A hono application's entrance. */
export type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/** A request and its answer, of HTTP/1 or by Node's compatibility API of HTTP/2. */
export type Incoming = IncomingMessage | Http2ServerRequest;
export type Outgoing = ServerResponse | Http2ServerResponse;

/** Answers one request, whatever the connection it came on. */
export type RequestListener = (incoming: Incoming, outgoing: Outgoing) => void;

export const MAX_HEADERS = 100;

/**
 * Puts a hono application behind Node's servers. What Node lets through and the wire contract does not is answered here,
 * before the application: other HTTP versions, absolute request targets, too many headers.
 */
export function createRequestListener(fetch: Fetch, log: Logger): RequestListener {
  const handle = getRequestListener(fetch as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    // HTTP/1.0 requests need not name a host.
    hostname: 'localhost',
    errorHandler: (error) =>
      errorResponse(new TidingsError('malformed-request', 'The host or the URL is not valid.', {}, error), log),
  });
  return (incoming, outgoing) => {
    // An error without a listener would end the process; what went wrong shows as `close`.
    outgoing.on('error', (error: Error) => log.debug({ err: error }, 'response failed'));
    const fault = faultOf(incoming);
    if (fault !== undefined) return refuse(outgoing, fault, log);
    incoming.url = toOriginForm(incoming.url ?? '/');
    handle(incoming as IncomingMessage, outgoing as ServerResponse).catch((error: unknown) => {
      log.error({ err: error }, 'request listener failed');
      outgoing.destroy();
    });
  };
}

/** Whether a request or its answer belongs to HTTP/2, where there is no `Connection` and no chunk. */
export function isHttp2(message: Incoming): message is Http2ServerRequest;
export function isHttp2(message: Outgoing): message is Http2ServerResponse;
export function isHttp2(message: Incoming | Outgoing): boolean {
  return 'stream' in message;
}

/** Whether nobody waits for the answer any more: its `close` has been, and will not come again. */
export const isGone = (outgoing: Outgoing): boolean =>
  isHttp2(outgoing) ? outgoing.stream.closed || outgoing.stream.destroyed : outgoing.destroyed;

function faultOf(incoming: Incoming): Problem | undefined {
  // HTTP/2 counts them itself, but their bytes only once the client has acknowledged the limit, which it may never do.
  if (isHttp2(incoming)) {
    const bytes = incoming.rawHeaders.reduce((sum, part) => sum + part.length, 0);
    return bytes > MAX_HEADER_BYTES ? toProblem('headers-too-large') : undefined;
  }
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

function refuse(outgoing: Outgoing, problem: Problem, log: Logger): void {
  log.info({ status: problem.status, code: problem.code }, 'request refused');
  if (isHttp2(outgoing)) {
    outgoing.writeHead(problem.status, problemHeaders());
    outgoing.end(JSON.stringify(problem));
    return;
  }
  outgoing.writeHead(problem.status, { ...problemHeaders(), Connection: 'close' });
  outgoing.end(JSON.stringify(problem), () => outgoing.socket?.destroySoon());
}

// A proxy's request may be absolute (RFC 9112 section 3.2.2): the path counts, the host stands in the header too.
function toOriginForm(target: string): string {
  const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1] ?? target;
  return path.startsWith('/') ? path : `/${path}`;
}
