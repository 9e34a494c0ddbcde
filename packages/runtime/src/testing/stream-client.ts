import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, constants } from 'node:http2';
import type { Readable } from 'node:stream';
import { createSseDecoder, type DecodedEvent } from '@tidings/protocol';
import { TEST_CERTIFICATE } from './test-certificate.ts';
import { TRANSPORT } from './transport.ts';

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

export interface StreamRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** The head of an answer, and its body to come. */
interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  cut(): void;
}

/**
 * Asks for a stream over the transport of the run, on a connection of its own, and resolves when the head of the answer is
 * there, whatever its status.
 */
export async function openStream(url: string, asked: StreamRequest = {}): Promise<StreamClient> {
  return read(await (TRANSPORT === 'h1' ? askHttp1(url, asked) : askHttp2(url, asked)));
}

// As browsers open theirs, and as the kernel's buffers are over HTTP/1: with the 64 KiB of the standard everybody lags.
const WINDOW_BYTES = 1_048_576;

function askHttp1(url: string, { method = 'GET', headers = {}, body }: StreamRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (incoming) =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        body: incoming,
        cut: () => void incoming.destroy(),
      }),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function askHttp2(url: string, { method = 'GET', headers = {}, body }: StreamRequest): Promise<Answer> {
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const session = connect(origin, { ca: TEST_CERTIFICATE.cert, settings: { initialWindowSize: WINDOW_BYTES } });
    session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
    const stream = session.request(
      { ...headers, ':method': method, ':path': pathname + search },
      { endStream: body === undefined },
    );
    session.on('error', reject);
    stream.on('error', reject);
    stream.once('close', () => {
      reject(new Error('the request was not answered'));
      session.close();
    });
    stream.once('response', (head) =>
      resolve({
        status: Number(head[':status']),
        headers: head,
        body: stream,
        cut() {
          stream.close(constants.NGHTTP2_CANCEL);
          session.destroy();
        },
      }),
    );
    if (body !== undefined) stream.end(body);
  });
}

function read({ status, headers, body, cut }: Answer): StreamClient {
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
