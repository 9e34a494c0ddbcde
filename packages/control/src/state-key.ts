import { createHash } from 'node:crypto';

/** The key of an entry about something that may be long, hold any character, or be secret: it can't be had back from it. */
export function toStateKey(prefix: string, about: string): string {
  return `${prefix}.${createHash('sha256').update(about).digest('base64url')}`;
}
