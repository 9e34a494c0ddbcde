import type { Frame } from '@tidings/protocol';
import type { Flushable, FlushQueue } from './flush-queue.ts';
import type { StreamSocket } from './stream-socket.ts';

// Up to here one copy of the frames is cheaper than the vector of small writes that a corked socket makes.
const MAX_JOINED_BYTES = 65_536;

/**
 * What waits to be written to one connection: the frames of this turn, and what the kernel has not taken yet. Its limit
 * is the point at which the connection counts as lagging; a caller that respects `full` never has more than the limit
 * and one frame here.
 */
export class Outbox implements Flushable {
  readonly #socket: StreamSocket;
  readonly #queue: FlushQueue;
  readonly #limitBytes: number;
  readonly #elapsedMs: () => number;
  #frames: Buffer[] = [];
  #frameBytes = 0;
  #closed = false;
  #drained: (() => void) | undefined = undefined;
  /** Bytes handed to the socket so far. */
  sentBytes = 0;
  /** When something last went out, by `elapsedMs`. */
  lastSentMs: number;

  /** @param elapsedMs a coarse, monotonic clock. */
  constructor(socket: StreamSocket, queue: FlushQueue, limitBytes: number, elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
    this.lastSentMs = elapsedMs();
    this.#socket = socket;
    this.#queue = queue;
    // Below the mark a full connection would wait for a drain that never comes.
    this.#limitBytes = Math.max(limitBytes, socket.drainMarkBytes);
    socket.onDrain(() => this.#settle());
  }

  /** Over the limit: the caller must hold back until `drained`. */
  get full(): boolean {
    return this.#frameBytes + this.#socket.unsentBytes > this.#limitBytes;
  }

  write(frame: Frame): void {
    if (this.#closed) return;
    const bytes = this.#socket.bytesOf(frame);
    if (this.#frames.length === 0) this.#queue.add(this);
    this.#frames.push(bytes);
    this.#frameBytes += bytes.length;
  }

  flush(): void {
    const frames = this.#frames;
    const bytes = this.#frameBytes;
    if (frames.length === 0 || this.#closed) return;
    this.#frames = [];
    this.#frameBytes = 0;
    this.sentBytes += bytes;
    this.lastSentMs = this.#elapsedMs();
    if (frames.length === 1) this.#socket.write(frames[0] as Buffer);
    else if (bytes <= MAX_JOINED_BYTES) this.#socket.write(Buffer.concat(frames, bytes));
    else for (const frame of frames) this.#socket.write(frame);
  }

  /** Resolves when the connection has room again, or is closed. One caller at a time. */
  drained(): Promise<void> {
    this.flush();
    if (this.#closed || !this.full) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Flushes, and ends the response in good order. */
  end(): void {
    this.flush();
    this.close();
    this.#socket.end();
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#frames = [];
    this.#frameBytes = 0;
    this.#settle();
  }

  #settle(): void {
    if (this.full && !this.#closed) return;
    this.#drained?.();
    this.#drained = undefined;
  }
}
