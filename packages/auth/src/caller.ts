import type { Query, ServiceContext } from '@tidings/runtime';
import type { Access, Authenticator } from './authenticator.ts';

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
