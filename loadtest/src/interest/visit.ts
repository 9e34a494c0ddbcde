import { dial } from '../generator/dial.ts';
import type { Target } from '../generator/target.ts';

/** A stream that was opened, and left when it was live. */
export interface Visit {
  /** From the request to `hub.hello`, and to `hub.live`. */
  readonly helloMs: number;
  readonly liveMs: number;
  /** What `hub.hello` says. */
  readonly resumed: boolean;
  /** It was told that something is missing. */
  readonly gap: boolean;
}

const TIMEOUT_MS = 15_000;

/** Opens a stream on a connection of its own. @param cursor empty: none. @throws Error when it does not get live. */
export function visit(target: Target, path: string, cursor: string): Promise<Visit> {
  return new Promise((resolve, reject) => {
    let text = '';
    let startMs = 0;
    let helloMs: number | undefined;
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(`a stream did not get live: ${why}; it has ${JSON.stringify(text.slice(-300))}`));
    };
    const timer = setTimeout(() => fail(`not within ${TIMEOUT_MS} ms`), TIMEOUT_MS);
    const socket = dial(target, {
      connected() {
        startMs = performance.now();
        const resume = cursor === '' ? '' : `Last-Event-ID: ${cursor}\r\n`;
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${target.token}\r\n${resume}\r\n`,
        );
      },
      received(bytes, length) {
        text += bytes.toString('latin1', 0, length);
        const nowMs = performance.now() - startMs;
        if (helloMs === undefined && text.includes('event: hub.hello')) helloMs = nowMs;
        if (!text.includes('event: hub.live')) return;
        clearTimeout(timer);
        socket.destroy();
        resolve({
          helloMs: helloMs ?? nowMs,
          liveMs: nowMs,
          resumed: text.includes('"resumed":true'),
          gap: text.includes('event: hub.gap'),
        });
      },
      closed: (why) => fail(why ?? 'the server has ended it'),
    });
  });
}
