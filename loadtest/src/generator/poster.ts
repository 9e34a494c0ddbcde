import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import { isTls, type Target } from './target.ts';

const HEAD_END = '\r\n\r\n';

/** One keep-alive connection that publishes, one request at a time. */
export interface Poster {
  readonly busy: boolean;
  /** Resolves with the status, once the whole answer is there. */
  post(path: string, body: string): Promise<number>;
  close(): void;
}

/** Opens it; resolves when it is connected. */
export function openPoster(target: Target): Promise<Poster> {
  return new Promise((resolve, reject) => {
    // The status of the answer under way, and how much of it is still to come; nothing while its head is not whole.
    let head = '';
    let status = 0;
    let rest = -1;
    let settle: { resolve(status: number): void; reject(error: Error): void } | undefined;

    const finish = (): void => {
      const { resolve } = settle as NonNullable<typeof settle>;
      settle = undefined;
      rest = -1;
      resolve(status);
    };

    const socket: Socket = dial(
      { ...target, transport: isTls(target.transport) ? 'h1-tls' : 'h1' },
      {
        connected: () => resolve(poster),
        received(bytes, length) {
          if (rest >= 0) {
            rest -= length;
          } else {
            head += bytes.toString('latin1', 0, length);
            const end = head.indexOf(HEAD_END);
            if (end === -1) return;
            status = Number(head.slice(9, 12));
            const bodyBytes = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
            rest = bodyBytes - (head.length - end - HEAD_END.length);
            head = '';
          }
          if (rest <= 0) finish();
        },
        closed(why) {
          const error = new Error(`a publisher's connection ended: ${why ?? 'by the server'}`);
          settle?.reject(error);
          reject(error);
        },
      },
    );

    const poster: Poster = {
      get busy() {
        return settle !== undefined;
      },
      post(path, body) {
        return new Promise((resolve, reject) => {
          settle = { resolve, reject };
          socket.write(
            `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${target.token}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
          );
        });
      },
      close: () => void socket.destroy(),
    };
  });
}
