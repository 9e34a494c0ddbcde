import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { TidingsError } from '@tidings/protocol';

/** A media type with its parameters, as `Content-Type` names it (RFC 9110 section 8.3.1). */
export interface MediaType {
  /** Lower case, without parameters: `application/json`. */
  readonly type: string;
  /** Lower case; `utf-8` when the header names none. */
  readonly charset: string;
}

// What nearly every request says, read once.
const USUAL = new Map<string, MediaType | undefined>();
for (const header of ['application/json', 'application/x-ndjson', 'text/plain', 'text/plain;charset=UTF-8']) {
  USUAL.set(header, readMediaType(header));
}

/** Reads a `Content-Type` header; `undefined` when it is missing or is none. */
export function parseMediaType(header: string | undefined): MediaType | undefined {
  return USUAL.get(header ?? '') ?? readMediaType(header ?? '');
}

function readMediaType(header: string): MediaType | undefined {
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim());
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type)) return undefined;
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter))?.slice('charset='.length);
  return { type: type.toLowerCase(), charset: (charset ?? 'utf-8').replace(/^"(.*)"$/, '$1').toLowerCase() };
}

/**
 * Reads a whole body. What is over the limit is refused before it is buffered: at once when it is declared, else at the
 * first byte too many, and the connection closes after the answer.
 * @throws TidingsError `body-too-large`; `unsupported-media-type` for an encoded body; `malformed-body` when the client
 *   leaves in the middle.
 */
export async function readBody(
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse | Http2ServerResponse,
  maxBytes: number,
): Promise<Buffer> {
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new TidingsError('unsupported-media-type', 'A Content-Encoding other than identity is not taken.');
  }
  const tooLarge = (): TidingsError => {
    // What is still on its way would otherwise be read as the next request's; over HTTP/2 it is a stream of its own.
    if (incoming.httpVersionMajor === 1) outgoing.setHeader('Connection', 'close');
    return new TidingsError('body-too-large', `A body may have ${maxBytes} bytes.`);
  };
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();

  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const stop = (error: TidingsError): void => {
      incoming.off('data', take);
      incoming.pause();
      reject(error);
    };
    const take = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes > maxBytes) stop(tooLarge());
      else pieces.push(piece);
    };
    incoming.on('data', take);
    // Always a copy: a piece is a view on the socket's read buffer, and one that is kept pins 64 KiB.
    incoming.on('end', () => resolve(Buffer.concat(pieces, bytes)));
    const endEarly = (error?: Error): void =>
      reject(new TidingsError('malformed-body', 'The body ended early.', {}, error));
    incoming.on('error', endEarly);
    // Over HTTP/2 a client that takes its request back is no error of the request.
    incoming.on('close', () => {
      if (!incoming.readableEnded) endEarly();
    });
  });
}

/** The body as text, a byte order mark included. @throws TidingsError `malformed-body` when it is not UTF-8. */
export function decodeText(body: Buffer): string {
  assertText(body);
  return body.toString('utf8');
}

/** For a body that is passed on as it came. @throws TidingsError `malformed-body` when it is not UTF-8. */
export function assertText(body: Buffer): void {
  if (!isUtf8(body)) throw new TidingsError('malformed-body', 'The body is not valid UTF-8.');
}

/** The JSON value of a text. @throws TidingsError `malformed-body` with the position where it is known. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Only the number: the rest of the engine's message quotes the payload.
    const place = /at position (\d+)/.exec((error as Error).message)?.[1];
    const position = place === undefined ? {} : { position: Number(place) };
    throw new TidingsError('malformed-body', 'The body is not valid JSON.', position, error);
  }
}
