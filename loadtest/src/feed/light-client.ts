import { connect, type Socket } from 'node:net';
import { WireCounter } from './wire-counter.ts';

export interface LightClientOptions {
  readonly port: number;
  /** As `/connz` shows it. */
  readonly name: string;
  readonly subjects: readonly string[];
}

/** A bare connection to a NATS server that subscribes, counts what comes, and keeps nothing. */
export interface LightClient {
  readonly counter: WireCounter;
  /** Why it ended, where nobody had closed it: a server cuts off who is too slow. */
  readonly accident: string | undefined;
  publish(subject: string, text: string): void;
  /** One more subscription, beyond those that it was opened with. */
  subscribe(subject: string): void;
  close(): void;
}

// What has been read is overwritten by what comes next, on whichever connection.
const shared = Buffer.allocUnsafe(262_144);
const TIMEOUT_MS = 10_000;

/** Resolves when the server has the subscriptions. @throws Error when it does not within 10 s. */
export function openLightClient({ port, name, subjects }: LightClientOptions): Promise<LightClient> {
  return new Promise((resolve, reject) => {
    let accident: string | undefined;
    let isClosed = false;
    let isReady = false;
    let subscriptions = 0;
    const timer = setTimeout(() => fail('the server does not answer'), TIMEOUT_MS);

    const counter = new WireCounter(
      () => socket.write('PONG\r\n'),
      () => {
        if (isReady) return;
        isReady = true;
        clearTimeout(timer);
        resolve(client);
      },
    );
    const socket: Socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: shared,
        callback(length: number): boolean {
          counter.take(shared, length);
          return true;
        },
      },
    });
    const fail = (why: string): void => {
      accident ??= isClosed ? undefined : why;
      clearTimeout(timer);
      socket.destroy();
      if (!isReady) reject(new Error(`${name}: ${why}`));
    };
    const subscribe = (subject: string): void => {
      subscriptions += 1;
      socket.write(`SUB ${subject} ${subscriptions}\r\n`);
    };
    const client: LightClient = {
      counter,
      get accident() {
        return accident;
      },
      publish: (subject, text) => void socket.write(`PUB ${subject} ${Buffer.byteLength(text)}\r\n${text}\r\n`),
      subscribe,
      close() {
        isClosed = true;
        socket.destroy();
      },
    };
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the server has ended the connection'));
    const greeting = { verbose: false, pedantic: false, headers: true, no_responders: true, protocol: 1 };
    socket.write(`CONNECT ${JSON.stringify({ ...greeting, lang: 'light', version: '0', name })}\r\n`);
    for (const subject of subjects) subscribe(subject);
    socket.write('PING\r\n');
  });
}
