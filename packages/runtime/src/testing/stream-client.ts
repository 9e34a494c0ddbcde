import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { createSseDecoder, type DecodedEvent } from '@tidings/protocol';

/** One stream, read by the letter of the standard, over a real socket. */
export interface StreamClient {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
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

export interface StreamRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** Asks for a stream and resolves when the head of the answer is there, whatever its status. */
export function openStream(
  url: string,
  { method = 'GET', headers = {}, body }: StreamRequest = {},
): Promise<StreamClient> {
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request(url, { method, headers, agent: false }, (incoming) =>
      resolve(read(incoming, outgoing)),
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function read(incoming: IncomingMessage, outgoing: ClientRequest): StreamClient {
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
  incoming.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    decoder.feed(bytes);
    look();
  });
  incoming.on('close', () => {
    ended = true;
    look();
  });
  // A cut connection is what many tests are about; it shows as `ended`.
  incoming.on('error', () => {});
  outgoing.on('error', () => {});

  const client: StreamClient = {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
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
    pause: () => void incoming.pause(),
    resume: () => void incoming.resume(),
    destroy: () => void incoming.destroy(),
  };
  return client;
}
