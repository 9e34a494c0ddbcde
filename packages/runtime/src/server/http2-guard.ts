import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Http2Sessions } from './http2-sessions.ts';

// Per session and window: far above what any client or proxy needs, far below what costs us anything.
const WINDOW_MS = 10_000;
const MOST_IN_WINDOW = 500;

/**
 * Ends a session whose peer makes work and asks for nothing: floods of PING and SETTINGS, and requests that are reset
 * before they are answered (CVE-2023-44487). nghttp2 itself bounds CONTINUATION frames, the answers that wait for a peer
 * which does not read them, and all resets together.
 */
export function guardSession(session: ServerHttp2Session, sessions: Http2Sessions, log: Logger, clock: Clock): void {
  let windowStartMs = clock.elapsed();
  let spent = 0;

  function spend(): void {
    const nowMs = clock.elapsed();
    if (nowMs - windowStartMs >= WINDOW_MS) {
      windowStartMs = nowMs;
      spent = 0;
    }
    spent += 1;
    if (spent <= MOST_IN_WINDOW || session.destroyed) return;
    log.info({ address: session.socket?.remoteAddress }, 'HTTP/2 connection closed: it floods us');
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    sessions.cutOff(session);
  }
  // One function for all streams of the session. A stream that was answered may be left as its client likes.
  function onAborted(this: ServerHttp2Stream): void {
    if (!this.headersSent) spend();
  }
  session.on('ping', spend);
  session.on('remoteSettings', spend);
  session.on('stream', (stream) => {
    // Reset in the same read as it came in: it was aborted before it was announced.
    if (stream.aborted) spend();
    else stream.on('aborted', onAborted);
  });
}
