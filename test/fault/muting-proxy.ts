import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can withhold what the server answers, while everything that is asked still gets there. */
export interface MutingProxy {
  readonly port: number;
  mute(): void;
  close(): void;
}

export async function createMutingProxy(target: number): Promise<MutingProxy> {
  const open = new Set<Socket>();
  let isMuted = false;
  const listener = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (bytes) => {
      if (!isMuted) client.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as { port: number }).port,
    mute() {
      isMuted = true;
    },
    close() {
      listener.close();
      for (const socket of open) socket.destroy();
    },
  };
}
