import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Frame } from '@tidings/protocol';

/** One open response, as the outbox sees it: HTTP/1 today, an HTTP/2 stream by the same words. */
export interface StreamSocket {
  /** The bytes of a frame as this transport wants them. */
  bytesOf(frame: Frame): Buffer;
  write(bytes: Buffer): void;
  /** Several at once, as one vector of writes, without copying them together. */
  writeAll(pieces: readonly Buffer[]): void;
  /** Written and not yet taken by the kernel. */
  readonly unsentBytes: number;
  /** The same to the byte, part of a write that is under way included. */
  readonly pendingBytes: number;
  /** Only when more than this was unsent is `onDrain` sure to be told. */
  readonly drainMarkBytes: number;
  onDrain(run: () => void): void;
  onClose(run: () => void): void;
  /** Ends the response in good order; what was written still goes out. */
  end(): void;
  destroy(): void;
}

/**
 * Starts a 200 and takes over its socket: frames are written past Node's response object, already framed as chunks, so
 * that no byte of an event is touched for a single connection. Answers `undefined` when the response does not have the
 * connection yet, because an earlier, pipelined request is still being answered.
 */
export function openHttp1Stream(outgoing: ServerResponse, head: OutgoingHttpHeaders): StreamSocket | undefined {
  const { socket } = outgoing;
  if (socket === null) return undefined;
  outgoing.writeHead(200, head);
  outgoing.flushHeaders();
  // HTTP/1.0 knows no chunks: the body ends with the connection.
  const chunked = outgoing.chunkedEncoding;
  return {
    bytesOf: (frame) => (chunked ? frame.chunk : frame.block),
    write: (bytes) => void socket.write(bytes),
    writeAll(pieces) {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    },
    get unsentBytes() {
      return socket.writableLength;
    },
    get pendingBytes() {
      // Node's own idle timeout asks the handle too: the stream's length falls only when a write is complete.
      const { _handle: handle } = socket as unknown as { _handle?: { writeQueueSize?: number } | null };
      return handle?.writeQueueSize ?? socket.writableLength;
    },
    drainMarkBytes: socket.writableHighWaterMark,
    onDrain(run) {
      socket.on('drain', run);
      // The connection may live on for another request.
      outgoing.once('close', () => socket.off('drain', run));
    },
    onClose: (run) => void outgoing.on('close', run),
    end: () => void outgoing.end(),
    destroy: () => void socket.destroy(),
  };
}
