/** Types and flags of frames that this client knows (RFC 9113 section 6). */
export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;
export const FRAME_HEAD_BYTES = 9;

const LARGEST_WINDOW = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;
const INITIAL_WINDOW_SIZE = 4;

// Places in the static table (RFC 7541 appendix A).
const METHOD_GET = 0x82;
const SCHEME = { http: 0x86, https: 0x87 };
const AUTHORITY = 1;
const PATH = 4;
const ACCEPT = 19;
const AUTHORIZATION = 23;

export function encodeFrame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame.writeUInt8(type, 3);
  frame.writeUInt8(flags, 4);
  frame.writeUInt32BE(streamId, 5);
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

/**
 * What a client says first (RFC 9113 section 3.4). Its windows are as large as they may be, so that it never has to
 * speak of them again: what a run reads on one connection stays below 2 GB.
 */
export function encodePreface(): Buffer {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
  settings.writeUInt32BE(LARGEST_WINDOW, 2);
  const increment = Buffer.alloc(4);
  increment.writeUInt32BE(LARGEST_WINDOW - DEFAULT_WINDOW);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    encodeFrame(FRAME.settings, 0, 0, settings),
    encodeFrame(FRAME.windowUpdate, 0, 0, increment),
  ]);
}

export interface Http2Request {
  readonly scheme: 'http' | 'https';
  readonly path: string;
  readonly token: string;
  /** Empty: none. */
  readonly cursor: string;
}

/** A GET for an event stream, as one HEADERS frame; fields are literal, without indexing (RFC 7541 section 6.2.2). */
export function encodeRequest(streamId: number, { scheme, path, token, cursor }: Http2Request): Buffer {
  const block = Buffer.concat([
    Buffer.from([METHOD_GET, SCHEME[scheme]]),
    encodeField(PATH, path),
    encodeField(AUTHORITY, 'localhost'),
    encodeField(ACCEPT, 'text/event-stream'),
    encodeField(AUTHORIZATION, `Bearer ${token}`),
    ...(cursor === '' ? [] : [Buffer.from([0]), encodeText('last-event-id'), encodeText(cursor)]),
  ]);
  return encodeFrame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, streamId, block);
}

const encodeField = (index: number, value: string): Buffer =>
  Buffer.concat([encodeInteger(index, 4), encodeText(value)]);

const encodeText = (text: string): Buffer => Buffer.concat([encodeInteger(text.length, 7), Buffer.from(text)]);

/** An integer in a prefix of so many bits (RFC 7541 section 5.1). */
export function encodeInteger(value: number, prefixBits: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
