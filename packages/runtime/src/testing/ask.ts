import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, constants } from 'node:http2';
import type { Readable } from 'node:stream';
import { TEST_CERTIFICATE } from './test-certificate.ts';
import { TRANSPORT } from './transport.ts';

/** A request as it goes out: nothing is added but what the protocol needs. */
export interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** The head of an answer, and its body to come. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Leaves, as a client does that is closed. */
  cut(): void;
}

/**
 * Asks a public port over the transport of the run, on a connection of its own that ends with the answer. Resolves when the
 * head of the answer is there, and rejects when there will be none.
 * @param origin scheme, host and port.
 * @param path is sent as it is.
 */
export function ask(origin: string, path: string, asked: Asked = {}): Promise<Answered> {
  return TRANSPORT === 'h1' ? askHttp1(origin, path, asked) : askHttp2(origin, path, asked);
}

function askHttp1(origin: string, path: string, { body, ...asked }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = request(origin, { ...asked, path, agent: false }, (incoming) =>
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

// As browsers open theirs, and as the kernel's buffers are over HTTP/1: with the 64 KiB of the standard everybody lags.
const WINDOW_BYTES = 1_048_576;

function askHttp2(origin: string, path: string, { method = 'GET', headers, body, signal }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const session = connect(origin, { ca: TEST_CERTIFICATE.cert, settings: { initialWindowSize: WINDOW_BYTES } });
    session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
    const length = body && { 'content-length': `${Buffer.byteLength(body)}` };
    const stream = session.request(
      { ...length, ...headers, ':method': method, ':path': path },
      { endStream: !body, ...(signal && { signal }) },
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
        headers: Object.fromEntries(Object.entries(head).filter(([name]) => !name.startsWith(':'))),
        body: stream,
        cut() {
          stream.close(constants.NGHTTP2_CANCEL);
          session.destroy();
        },
      }),
    );
    if (body) stream.end(body);
  });
}
