import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Frame } from '@tidings/protocol';
import type { Flushable, FlushQueue } from './flush-queue.ts';
import type { StreamSocket, Transport } from './stream-socket.ts';

/** A coarse, monotonic clock, such as a timer wheel. */
interface CoarseClock {
  readonly elapsedMs: number;
}

// Up to here one buffer, shared where others get the same frames, is cheaper than the vector of small writes that a corked
// socket makes.
const MAX_JOINED_BYTES = 65_536;
// One turn's frames for one connection: more than this in one burst makes it wait, whoever its client is.
const MAX_TURN_BYTES = 1_048_576;

/**
 * What waits to be written to one connection: the frames of this turn, and what the kernel has not taken of earlier ones.
 * A caller that respects `lagging` never has more here than the limit and one turn's frames, which are shared by all
 * connections; one that respects `full`, the limit and one frame.
 *
 * Cost: a push for each frame; in each turn one look at what is unsent, one list and one write of one buffer, which
 * everybody who gets the same frames in that turn shares.
 */
export class Outbox implements Flushable {
  readonly #socket: StreamSocket;
  readonly #queue: FlushQueue;
  readonly #limitBytes: number;
  readonly #clock: CoarseClock;
  /** The only frame of this turn, as it mostly is: a list of one would be the largest thing that a delivery allocates. */
  #frame: Buffer | undefined = undefined;
  /** All frames of this turn, once there are two. */
  #frames: Buffer[] | undefined = undefined;
  #frameBytes = 0;
  #closed = false;
  /** At the first frame of this turn more than the limit was unsent. */
  #held = false;
  /** What was unsent at the first frame of the latest turn, unless all of it was taken since. */
  #backlogBytes = 0;
  #drained: (() => void) | undefined = undefined;
  #countedBytes = 0;
  /** Bytes handed to the socket. */
  sentBytes = 0;
  /** What the kernel had most likely not taken when the connection broke; the socket itself has forgotten it by then. */
  lostBytes = 0;
  /** When something last went out, by the clock. */
  lastSentMs: number;

  constructor(socket: StreamSocket, queue: FlushQueue, limitBytes: number, clock: CoarseClock) {
    this.#clock = clock;
    this.lastSentMs = clock.elapsedMs;
    this.#socket = socket;
    this.#queue = queue;
    // Below the mark a full connection would wait for a drain that never comes.
    this.#limitBytes = Math.max(limitBytes, socket.drainMarkBytes);
    socket.onDrain(() => {
      this.#backlogBytes = 0;
      this.#settle();
    });
  }

  get transport(): Transport {
    return this.#socket.transport;
  }

  /**
   * Asked after a write. The kernel has more to take from earlier turns than the limit: the client reads too slowly. What came in this turn
   * alone does not count, for the kernel was not offered it yet, unless it is more than any turn may hold.
   */
  get lagging(): boolean {
    return this.#held || this.#frameBytes > MAX_TURN_BYTES;
  }

  /** No room for more at once: whoever has more must `makeRoom` first. */
  get full(): boolean {
    return this.unsentBytes > this.#limitBytes;
  }

  /** What the kernel was not offered, or has not taken. */
  get unsentBytes(): number {
    return this.#frameBytes + this.#socket.unsentBytes;
  }

  /** What the kernel has taken so far: it grows while the client reads, however slowly, and never falls. */
  get takenBytes(): number {
    return this.#socket.takenBytes;
  }

  write(frame: Frame): void {
    if (this.#closed) return;
    const bytes = this.#socket.chunked ? frame.chunk : frame.block;
    this.#frameBytes += bytes.length;
    if (this.#frames !== undefined) {
      this.#frames.push(bytes);
    } else if (this.#frame !== undefined) {
      this.#frames = [this.#frame, bytes];
    } else {
      this.#frame = bytes;
      this.#queue.add(this);
      // Once in a turn: until its flush nothing more is handed to the socket.
      this.#backlogBytes = this.#socket.unsentBytes;
      this.#held = this.#backlogBytes > this.#limitBytes;
    }
  }

  flush(): void {
    const frame = this.#frame;
    const frames = this.#frames;
    const bytes = this.#frameBytes;
    if (frame === undefined || this.#closed) return;
    this.#clear();
    this.sentBytes += bytes;
    this.lastSentMs = this.#clock.elapsedMs;
    if (frames === undefined) this.#socket.write(frame);
    else if (bytes <= MAX_JOINED_BYTES) this.#socket.write(this.#queue.joiner.join(frames, bytes));
    else this.#socket.writeAll(frames);
  }

  /** Bytes handed to the socket since the last call. */
  takeSentBytes(): number {
    const bytes = this.sentBytes - this.#countedBytes;
    this.#countedBytes = this.sentBytes;
    return bytes;
  }

  /**
   * Offers the kernel what waits, gives everybody else a turn, and resolves when there is room or the connection is
   * closed. One caller at a time.
   */
  async makeRoom(): Promise<void> {
    this.flush();
    // Before the turn passes: whoever says meanwhile that there is no waiting any longer must find somebody who waits.
    const room = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    await nextTurn();
    if (this.#closed || !this.full) this.#drained = undefined;
    else await room;
  }

  /** Whoever waits for room waits no longer, and finds none. */
  stopWaiting(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  /** Flushes, and ends the response in good order. */
  end(): void {
    this.flush();
    // It still goes out, and can be seen to.
    this.#backlogBytes = 0;
    this.close();
    this.#socket.end();
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.lostBytes = this.#frameBytes + this.#backlogBytes;
    this.#clear();
    this.#settle();
  }

  /** Breaks the connection without a word, as a network does. */
  cut(): void {
    this.#socket.destroy();
  }

  #clear(): void {
    this.#frame = undefined;
    this.#frames = undefined;
    this.#frameBytes = 0;
  }

  #settle(): void {
    if (this.#closed || !this.full) this.stopWaiting();
  }
}
