const LF = 10;
const CR = 13;
// Not a Buffer, or pages could not load this module: it stands beside what they need.
const DATA = new TextEncoder().encode('data: ');

/**
 * One block of an event stream, encoded once and shared by every connection that gets it. Both views lie in the same
 * memory: never write to them.
 */
export interface Frame {
  /** The block itself, for HTTP/1.0 and HTTP/2. */
  readonly block: Buffer;
  /** The block framed as one HTTP/1.1 chunk (RFC 9112 section 7.1), for raw writes to a chunked response. */
  readonly chunk: Buffer;
}

// Allocates chunk and block as one piece of memory; the caller fills `block`.
function allocateFrame(blockBytes: number): Frame {
  const size = `${blockBytes.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + blockBytes + 2);
  chunk.write(size, 0, 'latin1');
  chunk.write('\r\n', size.length + blockBytes, 'latin1');
  return { block: chunk.subarray(size.length, size.length + blockBytes), chunk };
}

/** Frames a block that is written already as text: comments, `retry:` fields, id-only blocks. */
export function encodeText(block: string): Frame {
  const frame = allocateFrame(Buffer.byteLength(block));
  frame.block.write(block);
  return frame;
}

// Writes `data: ` before each line of the payload and LF after it; returns the end offset.
function writeLines(target: Buffer, start: number, data: Uint8Array): number {
  let offset = start;
  let from = 0;
  while (true) {
    let to = from;
    while (to < data.length && data[to] !== LF && data[to] !== CR) to += 1;
    target.set(DATA, offset);
    target.set(data.subarray(from, to), offset + DATA.length);
    offset += DATA.length + to - from;
    target[offset] = LF;
    offset += 1;
    if (to === data.length) return offset;
    from = data[to] === CR && data[to + 1] === LF ? to + 2 : to + 1;
  }
}

// Bytes that `writeLines` writes.
function measureLines(data: Uint8Array): number {
  let bytes = DATA.length + data.length + 1;
  for (let at = 0; at < data.length; at += 1) {
    const byte = data[at];
    if (byte === CR && data[at + 1] === LF) bytes -= 1;
    else if (byte === LF || byte === CR) bytes += DATA.length;
  }
  return bytes;
}

/**
 * Encodes one event as a server-sent event (WHATWG HTML section 9.2.6). Line breaks of the payload (CR, LF, CRLF) become
 * one `data:` line each, so they all arrive as LF.
 *
 * Cost: one allocation and one copy of the payload, whatever the number of connections.
 * @param event name, validated by `parseEventName`, or one of the hub's own; empty for an unnamed event.
 * @param id cursor text; empty for a block without `id:`.
 * @param data payload as UTF-8.
 */
export function encodeEvent(event: string, id: string, data: Uint8Array): Frame {
  const head = (event === '' ? '' : `event: ${event}\n`) + (id === '' ? '' : `id: ${id}\n`);
  const headBytes = Buffer.byteLength(head);
  const singleLine = !(data.includes(LF) || data.includes(CR));
  const frame = allocateFrame(headBytes + (singleLine ? DATA.length + data.length + 1 : measureLines(data)) + 1);
  const { block } = frame;
  block.write(head);
  let end: number;
  if (singleLine) {
    block.set(DATA, headBytes);
    block.set(data, headBytes + DATA.length);
    end = headBytes + DATA.length + data.length;
    block[end] = LF;
    end += 1;
  } else {
    end = writeLines(block, headBytes, data);
  }
  block[end] = LF;
  return frame;
}
