import { TidingsError } from '@tidings/protocol';
import type { Query, ServiceContext } from '@tidings/runtime';
import type { Access, Authenticator } from './authenticator.ts';
import { toChallenge } from './challenge.ts';
import type { Grant } from './grant.ts';

/**
 * Authenticates a request that writes: it needs a token, and a ticket is none. A ticket is for streams, and whoever
 * could write one into the store where tickets wait must not come to publish or erase by it.
 * @throws as `authenticateCaller`; TidingsError `forbidden` for a ticket, which is then used up.
 */
export async function authenticateWriter(
  context: ServiceContext,
  query: Query,
  authenticator: Authenticator,
): Promise<Access> {
  const access = await authenticateCaller(context, query, authenticator);
  if (!access.fromTicket) return access;
  throw new TidingsError('forbidden', 'A ticket opens streams and reads: send a token.', {
    challenge: toChallenge('insufficient'),
  });
}

/**
 * Authenticates a request that needs a token, and notes for the log and the audit who asks.
 * @throws TidingsError `unauthenticated` without a token; whatever `authenticate` throws.
 */
export async function authenticateCaller(
  context: ServiceContext,
  query: Query,
  authenticator: Authenticator,
): Promise<Access> {
  const access = await authenticator.authenticate(context.env.incoming, query);
  if (access.anonymous) throw authenticator.missingToken();
  context.set('caller', access.grant);
  return access;
}

/** @param refusal says what only an admin does. @throws TidingsError `forbidden` for anybody else. */
export function assertAdmin({ admin }: Grant, refusal: string): void {
  if (!admin) throw new TidingsError('forbidden', refusal, { challenge: toChallenge('insufficient') });
}
