import type { OutgoingHttpHeaders } from 'node:http';
import { constants, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import { takeOverStream } from '@tidings/runtime';
import type { StreamSocket } from './stream-socket.ts';

/** Sends the head of a stream over HTTP/2; `undefined` when the client took its request back already. */
export function openHttp2Stream(outgoing: Http2ServerResponse, head: OutgoingHttpHeaders): Http2Stream | undefined {
  const { stream } = outgoing;
  if (stream === undefined || stream.closed || stream.destroyed) return undefined;
  // Not by the response, which would have to stay until the end to send trailers.
  stream.respond({ ...head, [constants.HTTP2_HEADER_STATUS]: 200 });
  // It may be silent for as long as it likes, and has deadlines of its own.
  stream.setTimeout(0);
  // Not now: the request has closed then, and its line in the log would be written before the stream's could take its place.
  setImmediate(() => {
    if (!stream.destroyed) takeOverStream(stream);
  });
  return new Http2Stream(stream);
}

/**
 * A stream among others on one connection. What the client's window does not admit waits here and counts as unsent, so
 * that a client that does not read lags over HTTP/2 as it does over HTTP/1.
 *
 * Cost: one DATA frame a write; writes of one turn to streams of one connection share its system calls.
 */
export class Http2Stream implements StreamSocket {
  readonly transport = 'h2';
  readonly chunked = false;
  readonly #stream: ServerHttp2Stream;
  #writtenBytes = 0;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  write(bytes: Buffer): void {
    this.#writtenBytes += bytes.length;
    this.#stream.write(bytes);
  }

  writeAll(pieces: readonly Buffer[]): void {
    this.#stream.cork();
    for (const piece of pieces) this.write(piece);
    this.#stream.uncork();
  }

  get unsentBytes(): number {
    return this.#stream.writableLength;
  }

  // A write counts once its last byte was admitted: nothing tells how far nghttp2 has come.
  get takenBytes(): number {
    return this.#writtenBytes - this.#stream.writableLength;
  }

  get drainMarkBytes(): number {
    return this.#stream.writableHighWaterMark;
  }

  onDrain(run: () => void): void {
    this.#stream.on('drain', run);
  }

  onClose(run: () => void): void {
    this.#stream.once('close', run);
  }

  end(): void {
    this.#stream.end();
  }

  destroy(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }
}
