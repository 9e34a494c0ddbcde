import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be shut: what is open is cut, and what comes is turned away, until it is opened again. */
export interface Gate {
  readonly url: string;
  shut(): void;
  open(): void;
  /** Nothing passes from now on, and nobody is told: the way of a frozen machine. `open` ends it with a cut. */
  stall(): void;
  remove(): Promise<void>;
}

/** @param alter what becomes of the bytes that a client sends. */
export async function createGate(target: number, alter = (bytes: Buffer): Buffer => bytes): Promise<Gate> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let stalled = false;
  const server = createServer((client) => {
    if (!isOpen) return client.destroy();
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => void (!stalled && upstream.write(alter(bytes))));
    upstream.on('data', (bytes) => void (!stalled && client.write(bytes)));
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `nats://127.0.0.1:${(server.address() as { port: number }).port}`,
    shut() {
      isOpen = false;
      cut();
    },
    open() {
      if (stalled) cut();
      isOpen = true;
      stalled = false;
    },
    stall() {
      stalled = true;
    },
    async remove() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
