import { END_HEADERS, END_STREAM, type Field, FRAME, toBlock, toFrame } from '@tidings/runtime/testing';

/** A request before it is bytes. Text is latin1: a character is a byte. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
  /** `undefined`: no body, and no field that speaks of one. */
  readonly body?: Buffer | undefined;
}

const HOST = 'hub.example';
const MAX_FRAME_BYTES = 16_384;

/** As HTTP/1.1, with its length. */
export function toHttp1({ method, target, fields, body }: HttpRequest): Buffer {
  const length: Field[] = body === undefined ? [] : [['Content-Length', `${body.length}`]];
  const lines = [['Host', HOST] as Field, ...fields, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** As HTTP/2, on a stream of its own. */
export function toHttp2(stream: number, { method, target, fields, body }: HttpRequest): Buffer[] {
  const pseudo: Field[] = [
    [':method', method],
    [':scheme', 'http'],
    [':path', target],
    [':authority', HOST],
  ];
  const lower = fields.map(([name, value]) => [name.toLowerCase(), value] as const);
  const block = toBlock([...pseudo, ...lower]);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
    const isLast = at + MAX_FRAME_BYTES >= block.length;
    const end = at === 0 && body === undefined ? END_STREAM : 0;
    const flags = (isLast ? END_HEADERS : 0) | end;
    frames.push(
      toFrame(at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, flags, stream, block.subarray(at, at + MAX_FRAME_BYTES)),
    );
  }
  for (let at = 0; body !== undefined && (at === 0 || at < body.length); at += MAX_FRAME_BYTES) {
    const isLast = at + MAX_FRAME_BYTES >= body.length;
    frames.push(toFrame(FRAME.DATA, isLast ? END_STREAM : 0, stream, body.subarray(at, at + MAX_FRAME_BYTES)));
  }
  return frames;
}
