import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { type Http1Stream, openHttp1Stream } from './http1-stream.ts';
import { type Http2Stream, openHttp2Stream } from './http2-stream.ts';

/** One open response, as the outbox sees it: the same words for HTTP/1 and HTTP/2. */
export interface StreamSocket {
  readonly transport: Transport;
  /** Frames go out as chunks (RFC 9112 section 7.1), and not as bare blocks. */
  readonly chunked: boolean;
  write(bytes: Buffer): void;
  /** Several at once, as one vector of writes, without copying them together. */
  writeAll(pieces: readonly Buffer[]): void;
  /** Written and not yet taken by the kernel, or by the flow control of HTTP/2. */
  readonly unsentBytes: number;
  /** Taken so far, as exactly as the transport knows it; it never falls, and grows while the client reads. */
  readonly takenBytes: number;
  /** Only when more than this was unsent is `onDrain` sure to be told. */
  readonly drainMarkBytes: number;
  onDrain(run: () => void): void;
  /** The connection, or this stream of it, is gone. Once. */
  onClose(run: () => void): void;
  /** Ends the response in good order; what was written still goes out. */
  end(): void;
  destroy(): void;
}

/** What a stream came on, as the metrics name it. */
export type Transport = 'h1' | 'h2';

/**
 * Starts a 200 and takes over what carries it: frames are written past Node's response object, so that no byte of an
 * event is touched for a single connection. Answers `undefined` when the response does not have the connection yet,
 * because an earlier, pipelined request is still being answered.
 */
export function openStreamSocket(
  outgoing: ServerResponse | Http2ServerResponse,
  head: OutgoingHttpHeaders,
): Http1Stream | Http2Stream | undefined {
  return 'stream' in outgoing ? openHttp2Stream(outgoing, head) : openHttp1Stream(outgoing, head);
}
