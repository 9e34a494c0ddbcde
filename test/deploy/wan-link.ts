import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A line between two places, as a TCP proxy: it takes its time, counts, and can be cut. */
export interface WanLink {
  readonly port: number;
  /** Bytes that came from the target, on all connections. */
  readonly received: number;
  /** Ends what is connected, and takes nothing new. */
  cut(): void;
  /** Passes nothing on, and says nothing of it. */
  stall(): void;
  /** After `cut` or `stall`. */
  mend(): void;
  close(): void;
}

/** @param delayMs what each direction takes. */
export async function createWanLink(target: number, delayMs = 0): Promise<WanLink> {
  const open = new Set<Socket>();
  let state: 'up' | 'cut' | 'stalled' = 'up';
  let received = 0;
  const pass = (from: Socket, to: Socket, note?: (bytes: number) => void): void => {
    from.on('data', (bytes) => {
      note?.(bytes.length);
      if (delayMs === 0) to.write(bytes);
      else setTimeout(() => to.writable && to.write(bytes), delayMs);
    });
  };
  const listener = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(target, '127.0.0.1');
    pass(near, far);
    pass(far, near, (bytes) => {
      received += bytes;
    });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.setNoDelay();
      if (state === 'stalled') socket.pause();
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const end = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (listener.address() as { port: number }).port,
    get received() {
      return received;
    },
    cut() {
      state = 'cut';
      end();
    },
    stall() {
      state = 'stalled';
      for (const socket of open) socket.pause();
    },
    mend() {
      state = 'up';
      for (const socket of open) socket.resume();
    },
    close() {
      listener.close();
      end();
    },
  };
}
