import type { Access, Authenticator } from '@tidings/auth';
import { TidingsError } from '@tidings/protocol';
import {
  type CallerLimits,
  clientAddressOf,
  type Query,
  type ServiceContext,
  toNetwork,
  toUserKey,
} from '@tidings/runtime';
import { softRetryMs } from './soft-answer.ts';

const ONE_STREAM = { count: 1, bytes: 0 };

/**
 * Finds out who asks for a stream, and counts that it was asked for: for the address before a token is looked at, so that
 * a flood of them costs little; for user and tenant once they are known. Who has no token counts for the address alone.
 * @throws TidingsError `rate-limited`; what the authenticator throws.
 */
export async function authenticateConnect(
  context: ServiceContext,
  query: Query,
  authenticator: Authenticator,
  limits: CallerLimits | undefined,
): Promise<Access> {
  const { incoming } = context.env;
  if (limits === undefined) return authenticator.authenticateSoftly(incoming, query);
  try {
    if (limits.countsAddresses) {
      await limits.take({ address: toNetwork(clientAddressOf(context)) }, ONE_STREAM);
    }
    const access = await authenticator.authenticateSoftly(incoming, query);
    const { tenant, user } = access.grant;
    context.set('caller', access.grant);
    if (!access.anonymous && !access.expired) await limits.take({ tenant, user: toUserKey(tenant, user) }, ONE_STREAM);
    return access;
  } catch (error) {
    throw error instanceof TidingsError && error.code === 'rate-limited' ? spread(error) : error;
  }
}

// As the soft answers are: those who were refused together must not come back together.
function spread({ code, message, details }: TidingsError): TidingsError {
  const retryAfterSec = Math.max(details.retryAfterSec ?? 1, Math.ceil(softRetryMs() / 1000));
  return new TidingsError(code, message, { ...details, retryAfterSec });
}
