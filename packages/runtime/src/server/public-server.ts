import { constants, type ServerHttp2Session } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Clock, systemClock, type Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Certificate } from './certificate.ts';
import { ARRIVAL_TIMEOUT_MS } from './deadline.ts';
import { createHttp1Server } from './http1-server.ts';
import { probeSessions } from './http2-probe.ts';
import { createHttp2Server } from './http2-server.ts';
import { listen } from './listening.ts';
import { sniffProtocol } from './protocol-sniffer.ts';
import { createRequestListener, type Fetch } from './request-listener.ts';

/** The public port of a service: HTTP/1 and HTTP/2 on one port, with or without TLS. */
export interface PublicServer {
  /** Resolves with the port in use. Rejects when the address can't be bound. */
  listen(host: string, port: number): Promise<number>;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** New connections are served with this certificate from now on; those that are open keep theirs. */
  setCertificate(certificate: Certificate): void;
  /** Tells clients to take their next request elsewhere, by GOAWAY or `Connection: close`, and serves on. */
  drain(): void;
  /** Stops listening, lets requests under way finish within `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>;
}

export interface PublicServerOptions {
  readonly fetch: Fetch;
  readonly log: Logger;
  /** With it the port speaks TLS, and ALPN chooses the protocol; without, the client's first bytes do. */
  readonly certificate?: Certificate | undefined;
  /** Connections beyond this many are cut off unheard. */
  readonly maxSockets?: number | undefined;
  readonly clock?: Clock | undefined;
}

const KEEP_ALIVE_PROBE_MS = 60_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
// How often connections whose request is answered are looked for while the server closes.
const CLOSE_POLL_MS = 20;
// Within this time a connection that was just made must have begun to say what it is for: browsers open some ahead.
const FIRST_BYTES_MS = 500;
// RFC 9113 section 6.8: a first GOAWAY that leaves room for what is on its way.
const HIGHEST_STREAM = 2 ** 31 - 1;

// An error without a listener would end the process; it shows as the connection's `close`.
const ignore = (): void => {};

export function createPublicServer(options: PublicServerOptions): PublicServer {
  const { fetch, log, certificate, maxSockets = Number.POSITIVE_INFINITY, clock = systemClock } = options;
  const answer = createRequestListener(fetch, log);
  const sockets = new Set<Socket>();
  // Bytes that a connection had received when it came: as long as there are no more, it has not asked for anything.
  const silent = new Map<Socket, number>();
  let draining = false;
  let closing = false;
  let probe: Timer | undefined;

  const http1 = createHttp1Server((incoming, outgoing) => {
    if (draining && 'shouldKeepAlive' in outgoing) outgoing.shouldKeepAlive = false;
    answer(incoming, outgoing);
  }, log);
  const { server: http2, sessions } = createHttp2Server(answer, log, clock);
  http2.on('session', (session) => {
    if (closing) session.close();
    else if (draining) sendAway(session);
  });

  function sendAway(session: ServerHttp2Session): void {
    // Between its end and its `close` it would throw.
    if (!session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, HIGHEST_STREAM);
  }

  function takeIn(socket: Socket): void {
    if (sockets.size >= maxSockets) return void socket.destroy();
    sockets.add(socket);
    socket.on('error', ignore);
    socket.once('close', () => sockets.delete(socket));
  }

  function serve(socket: Socket, protocol: 'h1' | 'h2'): void {
    if (protocol === 'h1') {
      http1.emit('connection', socket);
      return;
    }
    // Node's own HTTP/2 server is made so; its HTTP/1 server looks after the end of a request itself.
    socket.allowHalfOpen = false;
    http2.emit('connection', socket);
  }

  function onPlainConnection(socket: Socket): void {
    if (socket.destroyed) return;
    silent.set(socket, 0);
    const late = setTimeout(() => socket.destroy(), ARRIVAL_TIMEOUT_MS);
    const settle = (): void => {
      silent.delete(socket);
      clearTimeout(late);
      socket.off('close', settle);
    };
    socket.on('close', settle);
    sniffProtocol(socket, (protocol) => {
      settle();
      serve(socket, protocol);
      // Here HTTP/1 would wait for ever without it, and HTTP/2 die of it.
      if (protocol === 'h1') socket.resume();
    });
  }

  function onTlsConnection(socket: TLSSocket): void {
    socket.on('error', ignore);
    silent.set(socket, socket.bytesRead);
    socket.once('close', () => silent.delete(socket));
    serve(socket, socket.alpnProtocol === 'h2' ? 'h2' : 'h1');
  }

  const common = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS };
  const tls =
    certificate === undefined
      ? undefined
      : createTlsServer(
          { ...certificate, ...common, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
          onTlsConnection,
        );
  tls?.on('tlsClientError', (error) => log.debug({ err: error }, 'TLS handshake failed'));
  const server: Server = tls ?? createServer({ ...common, allowHalfOpen: true });
  server.on('connection', takeIn);
  if (tls === undefined) server.on('connection', onPlainConnection);

  return {
    async listen(host, port) {
      const bound = await listen(server, host, port);
      // A connection that can't be accepted; without a listener it would end the process.
      server.on('error', (error) => log.error({ err: error }, 'a connection can not be accepted'));
      probe = probeSessions(sessions, clock, log);
      return bound;
    },
    sockets,
    setCertificate: ({ cert, key }) => tls?.setSecureContext({ cert, key }),
    drain() {
      draining = true;
      for (const session of sessions) sendAway(session);
    },
    close(graceMs) {
      draining = true;
      closing = true;
      // To Node a connection is idle once its answer was handed over, though its client may not have it yet.
      const closeIdle = (): void => {
        for (const socket of sockets) if (socket.writableLength > 0) return;
        http1.closeIdleConnections();
      };
      return new Promise((resolve) => {
        const deadline = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, graceMs);
        const silence = setTimeout(() => {
          for (const [socket, bytes] of silent) if (socket.bytesRead === bytes) socket.destroy();
        }, FIRST_BYTES_MS);
        // Node closes what is idle when it is told to, and not what becomes idle afterwards.
        const sweep = setInterval(closeIdle, CLOSE_POLL_MS);
        server.close(() => {
          clearTimeout(deadline);
          clearTimeout(silence);
          clearInterval(sweep);
          probe?.cancel();
          // It never listened, so there is nothing to wait for: this ends the timer of its deadlines.
          http1.close(ignore);
          resolve();
        });
        closeIdle();
        for (const session of sessions) session.close();
      });
    },
  };
}
