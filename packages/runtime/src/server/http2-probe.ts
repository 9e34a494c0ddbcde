import type { ServerHttp2Session } from 'node:http2';
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Http2Sessions } from './http2-sessions.ts';

/** How long a client has to answer. */
export const PROBE_MS = 30_000;

/**
 * Asks every session for a sign of life by PING, again and again, and ends those that give none. A client that is gone is
 * found sooner than by TCP; and Node keeps a connection on which its peer broke the protocol: nghttp2 says GOAWAY and is
 * done with it, nothing is read any more, not even that the peer has left, and the heartbeats of a stream on it keep it
 * from idling out.
 */
export function probeSessions(sessions: Http2Sessions, clock: Clock, log: Logger): Timer {
  const asked = new WeakSet<ServerHttp2Session>();
  return clock.every(PROBE_MS, () => {
    for (const session of sessions) {
      if (session.destroyed) continue;
      if (asked.has(session)) {
        log.debug({ address: session.socket?.remoteAddress }, 'HTTP/2 connection closed: it gives no sign of life');
        sessions.cutOff(session);
        continue;
      }
      asked.add(session);
      session.ping(() => asked.delete(session));
    }
  });
}
