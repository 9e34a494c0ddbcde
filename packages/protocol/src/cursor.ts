import { MAX_CURSOR_CHARACTERS } from './limit.ts';

/** A place in the history of all topics, and the log that it belongs to. */
export interface Cursor {
  /** Identity of the log: 1-32 lower-case letters and digits. A rebuilt log has another. */
  readonly epoch: string;
  /** Everything up to and including this sequence is done. 0 is the place before the first event. */
  readonly seq: number;
}

const SHAPE = /^([0-9a-z]{1,32})\.(0|[1-9a-z][0-9a-z]{0,10})\.([0-9a-z]{4})$/;

// FNV-1a, 32 bits, folded to four base-36 digits: not a secret, it finds cursors that were cut or mistyped.
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return ((hash >>> 0) % 1_679_616).toString(36).padStart(4, '0');
}

/** A position as text for the SSE `id`, such as `3f.9k1.q0z7`: epoch, sequence in base 36, checksum. */
export function encodeCursor(epoch: string, seq: number): string {
  const text = `${epoch}.${seq.toString(36)}`;
  return `${text}.${checksum(text)}`;
}

/** Reads what `encodeCursor` wrote; `undefined` for anything else, a cut or altered cursor included. */
export function parseCursor(text: string): Cursor | undefined {
  if (text.length > MAX_CURSOR_CHARACTERS) return undefined;
  const parts = SHAPE.exec(text);
  if (parts === null) return undefined;
  const [, epoch = '', digits = '', check] = parts;
  const seq = Number.parseInt(digits, 36);
  if (!Number.isSafeInteger(seq) || check !== checksum(`${epoch}.${digits}`)) return undefined;
  return { epoch, seq };
}
