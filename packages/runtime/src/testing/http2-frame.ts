/** Frame types of RFC 9113 section 6. */
export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export type Field = readonly [name: string, value: string];

/** RFC 9113 section 4.1. */
export function toFrame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A list of settings, RFC 9113 section 6.5. */
export function toSettings(...settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  for (const [place, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * place);
    payload.writeUInt32BE(value, 6 * place + 2);
  }
  return toFrame(FRAME.SETTINGS, 0, 0, payload);
}

/** Fields as literals that are not indexed, without Huffman coding (RFC 7541 section 6.2.2). */
export function toBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), toText(name), toText(value)])));
}

// RFC 7541 sections 5.1 and 5.2.
function toText(text: string): Buffer {
  const length: number[] = [];
  if (text.length < 127) length.push(text.length);
  else {
    length.push(127);
    let rest = text.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(text)]);
}

/** The fields of a GET. */
export const toGet = (path: string, ...more: readonly Field[]): Buffer =>
  toBlock([[':method', 'GET'], [':scheme', 'http'], [':path', path], [':authority', 'hub.example'], ...more]);

/** A request whole in one frame. */
export const toRequest = (stream: number, path: string, ...more: readonly Field[]): Buffer =>
  toFrame(FRAME.HEADERS, END_STREAM | END_HEADERS, stream, toGet(path, ...more));
