import { connect } from 'node:net';

const TIMEOUT_MS = 5_000;

/** Who asks, where servers let nobody in without a name; the inbox is the one of this user's role in deploy/nats. */
export interface NatsLogin {
  readonly user: string;
  readonly password: string;
}

/**
 * One request to a JetStream API, spoken by hand: five lines of the protocol, and a fault needs no client that
 * reconnects behind its back. @throws Error when nobody answers, or the server refuses.
 */
export function askJetStream(
  url: string,
  subject: string,
  body: object = {},
  login?: NatsLogin,
): Promise<Record<string, unknown>> {
  const { hostname, port } = new URL(url);
  const inbox = login === undefined ? '_INBOX.asked' : `_INBOX_${login.user}.asked`;
  const greeting = JSON.stringify({
    verbose: false,
    pedantic: false,
    echo: true,
    ...(login && { user: login.user, pass: login.password }),
  });
  const answered = new RegExp(`MSG ${inbox.replaceAll('.', '\\.')} 1 (\\d+)\\r\\n`);
  const payload = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Error(`${subject}: no answer`))), TIMEOUT_MS);
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('connect', () => {
      socket.write(`CONNECT ${greeting}\r\nSUB ${inbox} 1\r\n`);
      socket.write(`PUB ${subject} ${inbox} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
    });
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (text.endsWith('PING\r\n')) socket.write('PONG\r\n');
      const [head, size] = answered.exec(text) ?? [];
      if (head === undefined) return;
      const start = text.indexOf(head) + head.length;
      const answer = text.slice(start, start + Number(size));
      if (answer.length < Number(size)) return;
      finish(() => {
        const parsed = JSON.parse(answer) as Record<string, unknown>;
        if (parsed.error === undefined) resolve(parsed);
        else reject(new Error(`${subject}: ${JSON.stringify(parsed.error)}`));
      });
    });
  });
}
