import { createHash } from 'node:crypto';

/**
 * One idempotency key for an id that is unique only together with what gave it: whatever they hold, and however long they
 * are, within the bounds of a key, and never the same for other parts.
 */
export function toIdempotencyKey(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
