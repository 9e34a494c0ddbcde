import type { IncomingHttpHeaders } from 'node:http';
import { createSseDecoder, type DecodedEvent } from '@tidings/protocol';
import { type Answered, type Asked, ask } from './ask.ts';

/** One stream, read by the letter of the standard, over a real socket. */
export interface StreamClient {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** All events so far, control events included. */
  readonly events: readonly DecodedEvent[];
  readonly retries: readonly number[];
  readonly comments: readonly string[];
  readonly lastEventId: string;
  /** Everything that came, as text. */
  readonly text: string;
  /** The server ended the stream. */
  readonly ended: boolean;
  /** The events that publishers sent. */
  published(): DecodedEvent[];
  /** Resolves when `condition` holds, which is looked at after every piece that comes; rejects after `timeoutMs`. */
  until(condition: (client: StreamClient) => boolean, timeoutMs?: number): Promise<StreamClient>;
  /** Resolves with the data of the first event of this name. */
  event(name: string): Promise<DecodedEvent>;
  /** Resolves when the server has ended the stream. */
  end(): Promise<StreamClient>;
  pause(): void;
  resume(): void;
  /** Cuts the connection. */
  destroy(): void;
}

/**
 * Asks for a stream over the transport of the run, on a connection of its own, and resolves when the head of the answer is
 * there, whatever its status.
 */
export async function openStream(url: string, asked: Asked = {}): Promise<StreamClient> {
  const { origin, pathname, search } = new URL(url);
  return readStream(await ask(origin, pathname + search, asked));
}

/** Reads an answer that has begun, whoever asked for it, as a stream. */
export function readStream({ status, headers, body, cut }: Answered): StreamClient {
  const events: DecodedEvent[] = [];
  const retries: number[] = [];
  const comments: string[] = [];
  const watchers = new Set<() => void>();
  let text = '';
  let ended = false;
  const decoder = createSseDecoder({
    event: (event) => events.push(event),
    retry: (ms) => retries.push(ms),
    comment: (comment) => comments.push(comment),
  });
  const look = (): void => {
    for (const watch of [...watchers]) watch();
  };
  body.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    decoder.feed(bytes);
    look();
  });
  body.on('close', () => {
    ended = true;
    look();
  });
  // A cut connection is what many tests are about; it shows as `ended`.
  body.on('error', () => {});

  const client: StreamClient = {
    status,
    headers,
    events,
    retries,
    comments,
    get lastEventId() {
      return decoder.lastEventId;
    },
    get text() {
      return text;
    },
    get ended() {
      return ended;
    },
    published: () => events.filter((event) => !event.event.startsWith('hub.')),
    until(condition, timeoutMs = 10_000) {
      if (condition(client)) return Promise.resolve(client);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(watch);
          reject(
            new Error(
              `it did not come about within ${timeoutMs} ms; the stream ends with ${JSON.stringify(text.slice(-600))}`,
            ),
          );
        }, timeoutMs);
        const watch = (): void => {
          if (!condition(client)) return;
          clearTimeout(timer);
          watchers.delete(watch);
          resolve(client);
        };
        watchers.add(watch);
      });
    },
    async event(name) {
      await client.until(() => events.some((event) => event.event === name));
      return events.find((event) => event.event === name) as DecodedEvent;
    },
    end: () => client.until(() => ended),
    pause: () => void body.pause(),
    resume: () => void body.resume(),
    destroy: cut,
  };
  return client;
}
