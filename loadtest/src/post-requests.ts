import { connect, type Socket } from 'node:net';

/** Requests to be sent over and over, one after the other on each connection. */
export interface PostLoad {
  readonly port: number;
  /** Whole requests, head and body; connection `n` sends number `n`, modulo their count. */
  readonly requests: readonly Buffer[];
  readonly connections: number;
}

/** Connections that are open and idle between two calls of `send`. */
export interface Posters {
  /** Sends `count` requests in all and resolves when the last is answered. Rejects at any status but 202. */
  send(count: number): Promise<void>;
  close(): void;
}

// Sockets without an HTTP client behind them: the generator must cost less than what it measures.

/** Opens the connections. Each sends its next request when the answer to the one before has come whole: no pipelining. */
export async function openPosters({ port, requests, connections }: PostLoad): Promise<Posters> {
  let left = 0;
  let open = 0;
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => settle?.reject(error);

  const sockets = await Promise.all(
    Array.from({ length: connections }, async (_, place) => {
      const request = requests[place % requests.length] as Buffer;
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      socket.on('error', fail).on('close', () => fail(new Error('the server closed a connection')));
      onEachAnswer(socket, fail, () => {
        open -= 1;
        if (left > 0) write(socket, request);
        else if (open === 0) settle?.resolve();
      });
      return { socket, request };
    }),
  );

  function write(socket: Socket, request: Buffer): void {
    left -= 1;
    open += 1;
    socket.write(request);
  }

  return {
    send(count) {
      left = count;
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
        for (const { socket, request } of sockets) if (left > 0) write(socket, request);
      });
    },
    close() {
      settle = undefined;
      for (const { socket } of sockets) socket.destroy();
    },
  };
}

/** Reads just enough of the answers to know where each ends: by its Content-Length. */
function onEachAnswer(socket: Socket, fail: (error: Error) => void, answered: () => void): void {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (!text.startsWith('HTTP/1.1 202') || length === undefined) return fail(new Error(text.slice(0, 1_000)));
    if (text.length < end + 4 + Number(length)) return;
    text = '';
    answered();
  });
}
