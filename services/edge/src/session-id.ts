import { randomFillSync } from 'node:crypto';

const SECRET_BYTES = 16;
const COUNT_DIGITS = 8;
// Drawn for many ids at once: each call into the generator costs more than an id.
const POOL_IDS = 256;

/**
 * Makes ids of sessions: `<node>-<count>-<secret>`. The node says which edge has it; the count makes ids of a node ascend, so
 * that a list of them has an order; and nobody can guess the secret: who knows an id may be left out of an event's readers.
 * At most 64 characters of `[\w-]`.
 */
export function createSessionIds(node: string): () => string {
  const pool = Buffer.alloc(POOL_IDS * SECRET_BYTES);
  let used = pool.length;
  let count = 0;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += SECRET_BYTES;
    count += 1;
    const secret = pool.toString('base64url', used - SECRET_BYTES, used);
    return `${node}-${count.toString(36).padStart(COUNT_DIGITS, '0')}-${secret}`;
  };
}

/** The node that made the id; what is none of ours names no node. */
export function nodeOf(sessionId: string): string {
  return sessionId.slice(0, Math.max(0, sessionId.indexOf('-')));
}
