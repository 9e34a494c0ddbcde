import { randomBytes } from 'node:crypto';

/** Eight random characters of `[0-9a-z]`: enough to tell processes, logs and questions from each other. */
export function createId(): string {
  return [...randomBytes(8)].map((byte) => (byte % 36).toString(36)).join('');
}
