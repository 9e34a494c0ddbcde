import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in front of a hub that destroys the first connections in the middle of their answers. */
export interface CuttingProxy {
  readonly port: number;
  /** Connections that it has cut so far. */
  readonly cuts: number;
  close(): void;
}

/**
 * @param target port of the hub.
 * @param cutAfterBytes for each connection to be cut, how many bytes of answer it may pass before; later ones pass all.
 */
export function createCuttingProxy(target: number, cutAfterBytes: readonly number[]): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  let connections = 0;
  const server = createServer((client) => {
    const limit = cutAfterBytes[connections] ?? Number.POSITIVE_INFINITY;
    connections += 1;
    let passed = 0;
    const hub = connect(target, '127.0.0.1');
    for (const socket of [client, hub]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        hub.destroy();
      });
    }
    client.pipe(hub);
    hub.on('data', (bytes) => {
      const room = limit - passed;
      passed += bytes.length;
      if (bytes.length < room) return void client.write(bytes);
      cuts += 1;
      // The last bytes go out first, so that the cut falls into the middle of a line.
      client.write(bytes.subarray(0, room), () => client.resetAndDestroy());
      hub.destroy();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: (server.address() as { port: number }).port,
        get cuts() {
          return cuts;
        },
        close() {
          server.close();
          for (const socket of open) socket.destroy();
        },
      }),
    );
  });
}
