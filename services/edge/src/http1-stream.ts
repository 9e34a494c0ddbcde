import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { takeOver } from '@tidings/runtime';
import type { StreamSocket } from './stream-socket.ts';

/** What Node's handle of a socket counts: bytes that it was given, and those of them that the kernel has not taken. */
interface Counted {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** Sends the head of a stream over HTTP/1; `undefined` while an earlier, pipelined request has the connection. */
export function openHttp1Stream(outgoing: ServerResponse, head: OutgoingHttpHeaders): Http1Stream | undefined {
  if (outgoing.socket === null) return undefined;
  // Until the first frames are there, a moment later: head and frames are one write.
  outgoing.socket.cork();
  // The stream has the connection to itself, and ends with it.
  outgoing.writeHead(200, { ...head, Connection: 'close' });
  outgoing.flushHeaders();
  return new Http1Stream(outgoing, outgoing.socket);
}

/**
 * A stream that is the whole of its connection. Frames are framed as chunks already, once for all connections.
 *
 * Cost: one system call a write. Idle it holds its socket and nothing of HTTP.
 */
export class Http1Stream implements StreamSocket {
  readonly transport = 'h1';
  readonly chunked: boolean;
  readonly #socket: Socket;
  #outgoing: ServerResponse | undefined;
  #ended = false;
  #corked = true;

  constructor(outgoing: ServerResponse, socket: Socket) {
    // HTTP/1.0 knows no chunks: the body ends with the connection.
    this.chunked = outgoing.chunkedEncoding;
    this.#socket = socket;
    this.#outgoing = outgoing;
    // Not now: the request may still be in the hands of the parser, which would be freed under its feet.
    setImmediate(() => this.#takeOver());
  }

  #takeOver(): void {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.#ended || this.#socket.destroyed) return;
    if (takeOver(outgoing)) this.#outgoing = undefined;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
    if (this.#corked) this.#uncork();
  }

  #uncork(): void {
    this.#corked = false;
    this.#socket.uncork();
  }

  writeAll(pieces: readonly Buffer[]): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
    if (this.#corked) this.#uncork();
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  get takenBytes(): number {
    // Node's own idle timeout asks the handle too: the stream itself knows only of writes that are complete.
    const { _handle: handle } = this.#socket as unknown as { _handle?: Counted | null };
    if (handle?.bytesWritten === undefined) return this.#socket.bytesWritten - this.#socket.writableLength;
    return handle.bytesWritten - (handle.writeQueueSize ?? 0);
  }

  get drainMarkBytes(): number {
    return this.#socket.writableHighWaterMark;
  }

  onDrain(run: () => void): void {
    this.#socket.on('drain', run);
  }

  onClose(run: () => void): void {
    this.#socket.once('close', run);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#corked) this.#uncork();
    if (this.#outgoing !== undefined) {
      this.#outgoing.end();
      return;
    }
    if (this.chunked) this.#socket.write(LAST_CHUNK);
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
