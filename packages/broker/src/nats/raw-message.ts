import type { Msg } from 'nats';

/** A message as it came, before anything is parsed. Valid only while the callback runs: `data` is the socket's buffer. */
export interface RawMessage {
  readonly subject: string;
  /** The header block as latin1 text, with its status line; empty without headers. */
  readonly headers: string;
  readonly data: Buffer;
}

/** What the client's message holds beneath its getters; parsing headers by the client costs three times as much. */
interface Internals {
  /** Header block and payload. */
  readonly _rdata: Uint8Array | undefined;
  /** The length of the block, negative without one; and the subject. */
  readonly _msg: { readonly hdr: number; readonly subject: Uint8Array };
}

/** A look beneath the getters of the client's message. */
export const internalsOf = (message: Msg): Internals => message as unknown as Internals;

/** Bytes as latin1 text, one character for each. */
export function toLatin1(bytes: Uint8Array, start: number, end: number): string {
  const all = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return all.toString('latin1', start, end);
}

/**
 * Reads a message of the client past its parsing getters. The client is pinned to the version whose internals these are,
 * and a test holds that they are there.
 */
export function toRawMessage(message: Msg): RawMessage {
  const { _rdata: bytes, _msg } = internalsOf(message);
  if (bytes === undefined) return { subject: message.subject, headers: '', data: EMPTY };
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Math.max(0, _msg.hdr);
  return { subject: message.subject, headers: all.toString('latin1', 0, length), data: all.subarray(length) };
}

const EMPTY = Buffer.alloc(0);

/**
 * The value of a header, by its LAST occurrence: the server appends its own and does not replace, so one that a client
 * forged comes first. `undefined` when there is none.
 */
export function lastHeader(headers: string, name: string): string | undefined {
  const at = headers.lastIndexOf(`\r\n${name}: `);
  if (at === -1) return undefined;
  const start = at + name.length + 4;
  return headers.slice(start, headers.indexOf('\r\n', start));
}

/** A header that is a whole number; 0 when it is missing. */
export function lastNumber(headers: string, name: string): number {
  return Number(lastHeader(headers, name) ?? 0);
}

/** The status of a message that carries one, such as `NATS/1.0 204 EOB`; 0 for any other. */
export function statusOf(headers: string): number {
  return Number(/^NATS\/1\.0 (\d{3})/.exec(headers)?.[1] ?? 0);
}
