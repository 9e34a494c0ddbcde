import type { Socket } from 'node:net';

// The client connection preface of RFC 9113 section 3.4: no HTTP/1 request begins so.
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * Tells HTTP/2 with prior knowledge from HTTP/1 by a connection's first bytes, of which none is lost: `decided` finds the
 * socket paused, with all of them ahead of it. Nothing is decided for a connection that ends before.
 * @returns gives up: whoever does so disposes of the socket.
 */
export function sniffProtocol(socket: Socket, decided: (protocol: 'h1' | 'h2') => void): () => void {
  let came: Buffer | undefined;

  function take(bytes: Buffer): void {
    came = came === undefined ? bytes : Buffer.concat([came, bytes]);
    const length = Math.min(came.length, PREFACE.length);
    const alike = came.compare(PREFACE, 0, length, 0, length) === 0;
    if (alike && length < PREFACE.length) return;
    stop();
    socket.pause();
    socket.unshift(came);
    decided(alike ? 'h2' : 'h1');
  }
  // The other side says nothing any more, and never said what it wants.
  const leave = (): void => void socket.destroy();
  function stop(): void {
    socket.off('data', take);
    socket.off('end', leave);
  }
  socket.on('data', take);
  socket.on('end', leave);
  return stop;
}
