import { connect, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { TEST_CERTIFICATE } from './test-certificate.ts';
import { TRANSPORT } from './transport.ts';

/** Like `fetch`, to a public port over the transport of the run; over HTTP/2 each request has a connection of its own. */
export const request: typeof fetch = TRANSPORT === 'h1' ? (input, init) => fetch(input, init) : requestHttp2;

const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
// RFC 9113 section 8.2.2.
const CONNECTION_HEADERS = ['connection', 'host', 'keep-alive', 'transfer-encoding', 'upgrade'];

async function requestHttp2(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const asked = new Request(input, init);
  const url = new URL(asked.url);
  const body = Buffer.from(await asked.arrayBuffer());
  const headers = new Headers({ accept: '*/*', ...(body.length > 0 && { 'content-length': `${body.length}` }) });
  for (const [name, value] of asked.headers) if (!CONNECTION_HEADERS.includes(name)) headers.set(name, value);

  const session = connect(url.origin, { ca: TEST_CERTIFICATE.cert });
  const fields = {
    ':method': asked.method,
    ':path': url.pathname + url.search,
    ...Object.fromEntries(headers),
  };
  const stream = session.request(fields, { endStream: body.length === 0 });
  stream.once('close', () => session.close());
  asked.signal.addEventListener('abort', () => stream.close(constants.NGHTTP2_CANCEL));
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    stream.on('error', reject);
    stream.once('close', () => reject(new TypeError('the request was not answered')));
    stream.once('response', (answer) => {
      const status = Number(answer[':status']);
      const empty = WITHOUT_BODY.has(status) || asked.method === 'HEAD';
      if (empty) stream.resume();
      resolve(new Response(empty ? null : toBody(stream), { status, headers: toHeaders(answer) }));
    });
    if (body.length > 0) stream.end(body);
  });
}

function toHeaders(answer: IncomingHttpHeaders & IncomingHttpStatusHeader): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer)) {
    if (name.startsWith(':')) continue;
    for (const value of [values ?? []].flat()) headers.append(name, value);
  }
  return headers;
}

function toBody(stream: NodeJS.ReadableStream & { close(code: number): void }): ReadableStream<Uint8Array> {
  // Nobody reads an answer that was forgotten: undici cancels it.
  let over = false;
  return new ReadableStream({
    start(controller) {
      stream.on('data', (bytes: Buffer) => {
        if (!over) controller.enqueue(bytes);
      });
      stream.on('end', () => {
        if (!over) controller.close();
        over = true;
      });
      stream.on('close', () => {
        if (!over) controller.error(new TypeError('the answer ended early'));
        over = true;
      });
    },
    cancel() {
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
    },
  });
}
