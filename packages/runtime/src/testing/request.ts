import type { IncomingHttpHeaders } from 'node:http';
import { type Answered, ask } from './ask.ts';
import { TRANSPORT } from './transport.ts';

/** Like `fetch`, to a public port over the transport of the run; over HTTP/2 each request has a connection of its own. */
export const request: typeof fetch = TRANSPORT === 'h1' ? (input, init) => fetch(input, init) : requestHttp2;

const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
// RFC 9113 section 8.2.2.
const CONNECTION_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

async function requestHttp2(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const asked = new Request(input, init);
  const { origin, pathname, search } = new URL(asked.url);
  const { status, headers, ...answered } = await ask(origin, pathname + search, {
    method: asked.method,
    headers: {
      accept: '*/*',
      ...Object.fromEntries([...asked.headers].filter(([name]) => !CONNECTION_HEADERS.has(name))),
    },
    ...(asked.body !== null && { body: new Uint8Array(await asked.arrayBuffer()) }),
    signal: asked.signal,
  });
  const empty = WITHOUT_BODY.has(status) || asked.method === 'HEAD';
  if (empty) answered.body.resume();
  return new Response(empty ? null : toWebBody(answered), { status, headers: toHeaders(headers) });
}

function toHeaders(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(fields))
    for (const value of [values ?? []].flat()) headers.append(name, value);
  return headers;
}

function toWebBody({ body, cut }: Pick<Answered, 'body' | 'cut'>): ReadableStream<Uint8Array> {
  // An answer that a test forgets is cancelled when it is collected.
  let over = false;
  return new ReadableStream({
    start(controller) {
      body.on('data', (bytes: Buffer) => {
        if (!over) controller.enqueue(bytes);
      });
      body.on('end', () => {
        if (!over) controller.close();
        over = true;
      });
      body.on('close', () => {
        if (!over) controller.error(new TypeError('the answer ended early'));
        over = true;
      });
    },
    cancel() {
      over = true;
      cut();
    },
  });
}
