import { connect } from 'node:net';

export interface RawSubscriberOptions {
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/** A bare connection that subscribes to very much, and reads nothing but answers to its pings. */
export interface RawSubscriber {
  /** Resolves when the server has all of them. @throws Error when it refuses one, or ends the connection. */
  subscribe(subjects: readonly string[]): Promise<void>;
  close(): void;
}

const TOGETHER = 1_000;

/** Resolves when the server takes it. */
export async function openRawSubscriber({ port, user, password }: RawSubscriberOptions): Promise<RawSubscriber> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let settle: { resolve(): void; reject(error: Error): void } | undefined;
  let subscriptions = 0;
  const fail = (why: string): void => settle?.reject(new Error(why));
  let rest = '';
  socket.on('data', (bytes) => {
    const lines = (rest + bytes.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'PING') socket.write('PONG\r\n');
      else if (line === 'PONG') settle?.resolve();
      else if (line.startsWith('-ERR')) fail(line);
    }
  });
  socket.on('error', ({ message }) => fail(message));
  socket.on('close', () => fail('the server has ended the connection'));
  const flushed = (): Promise<void> =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
      socket.write('PING\r\n');
    });
  const greeting = { verbose: false, pedantic: false, headers: true, no_responders: true, protocol: 1 };
  socket.write(`CONNECT ${JSON.stringify({ ...greeting, lang: 'raw', version: '0', user, pass: password })}\r\n`);
  await flushed();
  return {
    async subscribe(subjects) {
      for (let at = 0; at < subjects.length; at += TOGETHER) {
        const lines = subjects.slice(at, at + TOGETHER).map((subject) => {
          subscriptions += 1;
          return `SUB ${subject} ${subscriptions}\r\n`;
        });
        if (!socket.write(lines.join(''))) await new Promise((resolve) => socket.once('drain', resolve));
      }
      await flushed();
    },
    close: () => socket.destroy(),
  };
}
