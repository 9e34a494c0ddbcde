import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';

export const HOOK_SECRET = `whsec_${Buffer.from('a secret of this test for webhooks').toString('base64')}`;

/** A webhook as it came, after its signature was found to be right. */
interface ReceivedHook {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

/** Somebody who is told by webhook, on a port of its own. */
export interface Receiver {
  readonly url: string;
  readonly hooks: ReceivedHook[];
  /** Headers of all that came, also of what was not taken. */
  readonly heads: IncomingHttpHeaders[];
  /** How it answers from now on; 204 at first. */
  answer(status: number, headers?: Record<string, string>): void;
  /** Takes what comes from now on and answers none of it, until what it returns is called. */
  hold(): () => void;
  /** Nobody listens at its port, until what it gives back is called. */
  leave(): Promise<() => Promise<void>>;
}

/** Starts a receiver that checks signatures with the library of the specification; it ends with the test, or as `onEnd` has it. */
export async function startReceiver(onEnd: (end: () => Promise<void>) => void = onTestFinished): Promise<Receiver> {
  const hooks: ReceivedHook[] = [];
  const heads: IncomingHttpHeaders[] = [];
  let held: Promise<void> | undefined;
  let reply: { status: number; headers: Record<string, string> } = { status: 204, headers: {} };
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    heads.push(incoming.headers);
    try {
      const text = Buffer.concat(chunks).toString();
      new Webhook(HOOK_SECRET).verify(text, incoming.headers as Record<string, string>);
      if (reply.status < 300) hooks.push({ id: `${incoming.headers['webhook-id']}`, ...JSON.parse(text) });
      await held;
      response.writeHead(reply.status, reply.headers).end();
    } catch {
      response.writeHead(401).end();
    }
  });
  const listen = (at: number): Promise<void> => new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  const close = (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    return closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  onEnd(close);
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    async leave() {
      await close();
      return () => listen(port);
    },
    hooks,
    heads,
    hold() {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = () => {
          held = undefined;
          resolve();
        };
      });
      return () => release();
    },
    answer: (status, headers = {}) => {
      reply = { status, headers };
    },
  };
}
