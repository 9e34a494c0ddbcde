import type { Grant } from '@tidings/auth';
import { TidingsError } from '@tidings/protocol';
import type { Session } from './session.ts';

/** Whose sessions a caller may see and close: an admin all of the tenant, anybody else their own (contract section 8). */
export interface SessionScope {
  readonly tenant: string;
  /** `undefined`: everybody's. */
  readonly user?: string | undefined;
}

/**
 * @param user whose sessions are asked for, if it matters.
 * @throws TidingsError `forbidden` for somebody else's, or a token that names nobody.
 */
export function scopeOf(grant: Grant, user?: string): SessionScope {
  const { tenant, admin } = grant;
  if (admin) return { tenant, user };
  if (grant.user === undefined) throw new TidingsError('forbidden', 'The token has no sub, and is not an admin.');
  if (user !== undefined && user !== grant.user) {
    throw new TidingsError('forbidden', 'Only an admin sees the sessions of others.', { parameter: 'user' });
  }
  return { tenant, user: grant.user };
}

/** Whether a session lies within a scope. */
export function isWithin(session: Session, { tenant, user }: SessionScope): boolean {
  return session.tenant === tenant && (user === undefined || session.user === user);
}
