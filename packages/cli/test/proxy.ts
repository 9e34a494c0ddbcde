import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { PassThrough, Transform } from 'node:stream';

/** What a proxy does to what passes through it; nothing, where it is left out. */
export interface Meddling {
  /** Headers of requests, changed. */
  readonly ask?: (headers: IncomingHttpHeaders) => OutgoingHttpHeaders;
  /** Headers of answers, changed. */
  readonly head?: (headers: IncomingHttpHeaders) => OutgoingHttpHeaders;
  /** What the bodies of answers go through; an error of it cuts the connection. */
  readonly body?: () => Transform;
  /** Cuts connections on which nothing has come back for so long. */
  readonly idleMs?: number;
  /** Puts a page of its own in the place of every answer of 400 and above. */
  readonly errorPage?: boolean;
  /** Refuses larger bodies. */
  readonly mostBodyBytes?: number;
}

export interface Proxy {
  readonly url: string;
  close(): void;
}

/** An HTTP proxy in front of `target`. */
export function createProxy(target: string, meddling: Meddling): Promise<Proxy> {
  const { ask = same, head = same, body = () => new PassThrough(), errorPage, idleMs, mostBodyBytes } = meddling;
  const page = (status: number): [number, OutgoingHttpHeaders] => [
    status,
    { 'content-type': 'text/html', server: 'nginx' },
  ];
  const server = createServer((incoming, outgoing) => {
    if (Number(incoming.headers['content-length'] ?? 0) > (mostBodyBytes ?? Number.POSITIVE_INFINITY)) {
      incoming.resume();
      outgoing.writeHead(...page(413)).end('<h1>413</h1>');
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request(new URL(url ?? '/', target), { ...(method && { method }), headers: ask(headers) });
    onward.on('response', (answer) => {
      const status = answer.statusCode ?? 502;
      if (errorPage && status >= 400) {
        answer.resume();
        outgoing.writeHead(...page(status)).end('<h1>Sorry</h1>');
        return;
      }
      // Its head goes out with the first bytes of its body, as long as nobody flushes it.
      outgoing.writeHead(status, head(answer.headers));
      const through = body();
      through.on('error', () => outgoing.destroy());
      answer.pipe(through).pipe(outgoing);
      if (idleMs !== undefined) {
        outgoing.setTimeout(idleMs, () => outgoing.destroy());
      }
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  return listen(server);
}

const same = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => headers;

async function listen(server: Server): Promise<Proxy> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Holds bytes back until so many have collected, or the end. */
export function createBuffer(bytes: number): Transform {
  let held: Buffer[] = [];
  let total = 0;
  const release = (into: Transform): void => {
    into.push(Buffer.concat(held));
    held = [];
    total = 0;
  };
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      held.push(piece);
      total += piece.length;
      if (total >= bytes) release(this);
      done();
    },
    flush(done) {
      release(this);
      done();
    },
  });
}

/** A TCP proxy that gives each new connection to the next of its targets. */
export async function createBalancer(targets: readonly string[]): Promise<Proxy> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createTcpServer((client) => {
    const { hostname, port } = new URL(targets[turn++ % targets.length] as string);
    const onward = connect(Number(port), hostname);
    for (const socket of [client, onward]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        onward.destroy();
      });
    }
    client.pipe(onward).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
