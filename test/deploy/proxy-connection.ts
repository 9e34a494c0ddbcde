import { once } from 'node:events';
import { connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Answered, readStream, type StreamClient, TEST_CERTIFICATE } from '@tidings/runtime/testing';

interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** An answer that has come whole. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

/** One connection to a proxy, as a browser has one for all its tabs: by TLS, and HTTP/2 where ALPN chooses it. */
export interface ProxyConnection {
  /** What ALPN chose. */
  readonly protocol: string | false | null;
  ask(path: string, asked?: Asked): Promise<WholeAnswer>;
  /** Resolves with the head of the answer. */
  stream(query: string, headers?: OutgoingHttpHeaders): Promise<StreamClient>;
  /** For `eventsource`: its requests go over this connection. */
  readonly fetch: (url: string | URL, init: { readonly headers?: Record<string, string> }) => Promise<Response>;
  /** Cuts the connection, with all that is on it. */
  close(): void;
}

/** @param from the local address to connect from. */
export async function connectProxy(url: string, from?: string): Promise<ProxyConnection> {
  const session = connect(url, {
    ca: TEST_CERTIFICATE.cert,
    ...(from !== undefined && { localAddress: from }),
    settings: { initialWindowSize: 1_048_576, enablePush: false },
  });
  session.on('error', () => {});
  await once(session, 'connect');
  const { alpnProtocol: protocol } = session.socket as TLSSocket;
  if (protocol !== 'h2') {
    session.destroy();
    throw new Error(`ALPN chose ${protocol}`);
  }
  session.setLocalWindowSize(16_777_216);

  function begin(path: string, { method = 'GET', headers, body }: Asked): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (session.destroyed || session.closed) return reject(new Error('the connection is closed'));
      // As every browser asks.
      const fields = { 'accept-encoding': 'gzip, deflate, br, zstd', ...headers, ':method': method, ':path': path };
      const stream = session.request(fields, { endStream: body === undefined });
      stream.on('error', reject);
      stream.once('close', () => reject(new Error('the request was not answered')));
      stream.once('response', (head) =>
        resolve({
          status: Number(head[':status']),
          headers: Object.fromEntries(Object.entries(head).filter(([name]) => !name.startsWith(':'))),
          body: stream,
          cut: () => stream.close(constants.NGHTTP2_CANCEL),
        }),
      );
      if (body !== undefined) stream.end(body);
    });
  }

  return {
    protocol,
    async ask(path, asked = {}) {
      const { status, headers, body } = await begin(path, asked);
      let text = '';
      for await (const bytes of body) text += bytes;
      return { status, headers, text };
    },
    stream: async (query, headers = {}) => readStream(await begin(`/v1/stream?${query}`, { headers })),
    async fetch(input, { headers = {} }) {
      const { pathname, search } = new URL(input);
      const { status, body, ...answered } = await begin(pathname + search, { headers });
      return new Response(Readable.toWeb(body) as ReadableStream, {
        status,
        headers: { 'content-type': `${answered.headers['content-type']}` },
      });
    },
    close: () => session.destroy(),
  };
}
