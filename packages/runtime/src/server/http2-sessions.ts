import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** The open sessions of a port, and a way to end one whatever its client does. */
export interface Http2Sessions extends Iterable<ServerHttp2Session> {
  /** Ends the session now, and its socket a little later. */
  cutOff(session: ServerHttp2Session): void;
}

/** A client that was told that it is over has this long to take what was written and to close its side. */
export const LAST_WORD_MS = 5_000;

/**
 * Keeps the sessions of a server with their sockets. Node lets go of a socket when what was written to it has gone out and
 * its client has closed too: one that does neither would keep it for ever.
 */
export function trackSessions(server: Http2Server, clock: Clock): Http2Sessions {
  const sockets = new Map<ServerHttp2Session, Socket>();
  let arriving: Socket | undefined;

  function destroyLater(socket: Socket): void {
    if (socket.destroyed) return;
    const late = clock.after(LAST_WORD_MS, () => socket.destroy());
    socket.once('close', () => late.cancel());
  }

  // Node announces the session of a connection while it takes the connection in.
  server.prependListener('connection', (socket: Socket) => {
    arriving = socket;
    socket.once('finish', () => destroyLater(socket));
  });
  server.on('session', (session) => {
    sockets.set(session, arriving as Socket);
    session.once('close', () => sockets.delete(session));
  });

  return {
    [Symbol.iterator]: () => sockets.keys(),
    cutOff(session) {
      const socket = sockets.get(session);
      session.destroy();
      if (socket !== undefined) destroyLater(socket);
    },
  };
}
