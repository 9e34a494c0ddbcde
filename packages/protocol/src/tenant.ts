import { isToken } from './topic.ts';

/** Bytes of a tenant's name as UTF-8. */
export const MAX_TENANT_BYTES = 64;

/** Whether a value can name a tenant: a topic token of at most 64 bytes. */
export function isTenant(value: unknown): value is string {
  return typeof value === 'string' && isToken(value) && Buffer.byteLength(value) <= MAX_TENANT_BYTES;
}
