// FNV-1a of 32 bits, and the last step of MurmurHash3, which spreads what similar names have in common. Both are a few lines
// in any language, and need no library: a router has to come to the same cell (ADR 0030).
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const utf8 = new TextEncoder();

/**
 * Chooses the cell of a key by rendezvous hashing: each cell has a weight for the key, and the largest wins; of equal ones the
 * name that sorts first by its bytes. So a cell more takes its share of the keys and moves no other, and the order in which
 * cells are named means nothing. All numbers have 32 bits, without a sign:
 *
 *     mix(h)          h ^= h >>> 16;  h *= 0x85ebca6b;  h ^= h >>> 13;  h *= 0xc2b2ae35;  h ^= h >>> 16
 *     hash(text)      h = 0x811c9dc5;  for each byte of the text as UTF-8: h ^= byte, h *= 0x01000193;  mix(h)
 *     weight(cell)    mix(hash(cell) ^ hash(key))
 *
 * @param cells names of ASCII, one or more.
 * @throws TypeError without a cell.
 */
export function chooseCell(cells: readonly string[], key: string): string {
  const keyHash = hashText(key);
  let chosen: string | undefined;
  let most = -1;
  for (const cell of cells) {
    const weight = mix(hashText(cell) ^ keyHash);
    if (weight < most || (weight === most && chosen !== undefined && cell > chosen)) continue;
    chosen = cell;
    most = weight;
  }
  if (chosen === undefined) throw new TypeError('chooseCell(cells, key) needs one cell or more.');
  return chosen;
}

function hashText(text: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text.charCodeAt(at);
    // Encoding costs ten times as much as the rest: ASCII, as most names are, is its own.
    if (byte > 127) return mix(utf8.encode(text).reduce(step, FNV_OFFSET));
    hash = step(hash, byte);
  }
  return mix(hash);
}

const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, FNV_PRIME);

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
