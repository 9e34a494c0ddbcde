import { createHash } from 'node:crypto';
import type { PublishInput } from './port.ts';
import { createId } from './random-id.ts';

/**
 * The id of an event's schedule: of those with an idempotency key always the same one, on the same topic of a tenant.
 * It never begins with `-`: whoever cancels it on a command line would name an option.
 */
export function scheduleIdOf({ tenant, topic, id }: PublishInput): string {
  if (id === '') return `${createId()}${createId()}`;
  return createHash('sha256')
    .update(JSON.stringify([tenant, topic, id]))
    .digest('base64url')
    .slice(0, 22)
    .replace(/^-/, '_');
}
