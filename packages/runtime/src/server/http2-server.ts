import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { MAX_HEADER_BYTES } from '@tidings/protocol';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { ARRIVAL_TIMEOUT_MS, KEEP_ALIVE_MS } from './deadline.ts';
import { guardSession } from './http2-guard.ts';
import { type Http2Sessions, trackSessions } from './http2-sessions.ts';
import { MAX_HEADERS, type RequestListener } from './request-listener.ts';

/** Streams that one connection may have open: what comes beyond is refused, and who insists is cut off. */
export const MAX_STREAMS = 250;

// `:method`, `:scheme`, `:authority` and `:path` are pairs too.
const PSEUDO_HEADERS = 4;

/** The HTTP/2 side of a port: it is given connections, and never listens itself. */
export function createHttp2Server(
  listener: RequestListener,
  log: Logger,
  clock: Clock,
): { server: Http2Server; sessions: Http2Sessions } {
  const server = createServer({
    settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES },
    maxHeaderListPairs: MAX_HEADERS + PSEUDO_HEADERS,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  });
  const sessions = trackSessions(server, clock);
  // Without a listener it would end the process; what went wrong shows as `close`. One function for all streams.
  const onError = (error: Error): void => log.debug({ err: error }, 'HTTP/2 stream failed');
  function onIdle(this: ServerHttp2Stream): void {
    this.close(constants.NGHTTP2_CANCEL);
  }
  server.on('request', (incoming, outgoing) => {
    const { stream } = outgoing;
    stream.on('error', onError);
    // An answer that its client does not take; one that it takes slowly goes on.
    stream.setTimeout(KEEP_ALIVE_MS, onIdle);
    // Taken back before it was announced.
    if (stream.aborted) return;
    if (!stream.endAfterHeaders) {
      const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ARRIVAL_TIMEOUT_MS);
      incoming.once('end', () => clearTimeout(late));
      stream.once('close', () => clearTimeout(late));
    }
    listener(incoming, outgoing);
  });
  server.on('session', (session) => {
    // Every open event stream has a byte to send long before: without activity there is nothing worth keeping.
    session.setTimeout(KEEP_ALIVE_MS, () => session.close());
    guardSession(session, sessions, log, clock);
  });
  server.on('sessionError', (error) => log.debug({ err: error }, 'HTTP/2 session failed'));
  return { server, sessions };
}
