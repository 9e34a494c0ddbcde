import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A server that says what a test wants, and does no more than a client needs to believe that it is connected. */
export interface FakeServer {
  readonly url: string;
  /** Connections that are open now. */
  readonly connections: number;
  /** Connections that ever came. */
  readonly came: number;
  /** Says INFO to whoever waits for it, and to all who come from now on. */
  greet(): void;
  remove(): Promise<void>;
}

export async function startFakeServer({ version = '2.15.1', silent = false } = {}): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  let greets = !silent;
  let came = 0;
  const server = createServer((socket) => {
    came += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const pings = bytes.toString('latin1').match(/PING\r\n/g)?.length ?? 0;
      socket.write('PONG\r\n'.repeat(pings));
    });
    if (greets) say(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  function say(socket: Socket): void {
    const info = {
      server_id: 'fake',
      version,
      proto: 1,
      headers: true,
      max_payload: 1_100_000,
      host: '127.0.0.1',
      port,
    };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    get connections() {
      return sockets.size;
    },
    get came() {
      return came;
    },
    greet() {
      greets = true;
      for (const socket of sockets) say(socket);
    },
    async remove() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
