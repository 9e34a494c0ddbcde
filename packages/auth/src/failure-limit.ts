import { TidingsError } from '@tidings/protocol';
import type { Query, RequestHead } from '@tidings/runtime';
import { type ClientAddress, createRate, headerValues, rateLimited, toNetwork } from '@tidings/runtime';
import type { Access, Authenticator } from './authenticator.ts';
import { findToken, type TokenSourceOptions } from './token-source.ts';

export interface FailureLimitOptions extends TokenSourceOptions {
  /** Tokens that may be refused each second for one address; 0: any number. */
  readonly perSec: number;
  readonly clientAddress: ClientAddress;
}

/**
 * An authenticator that looks at no token of an address from which too many were refused: they get `rate-limited` until
 * the rate of refusals is back in bounds. Who comes without a token is none of its business.
 */
export function limitFailures(authenticator: Authenticator, options: FailureLimitOptions): Authenticator {
  const { perSec, clientAddress } = options;
  if (perSec === 0) return authenticator;
  const failures = createRate('auth-failures', perSec);

  async function guarded(incoming: RequestHead, query: Query, run: () => Promise<Access>): Promise<Access> {
    const forwardedFor = incoming.headers['x-forwarded-for'] as string | undefined;
    const network = toNetwork(clientAddress(incoming.socket?.remoteAddress, forwardedFor));
    const standing = await failures.standing(network);
    if (standing.left === 0 && hasToken(incoming, query, options)) throw rateLimited(standing, [standing]);
    try {
      return await run();
    } catch (error) {
      if (error instanceof TidingsError && error.code === 'unauthenticated') await failures.take(network, 1);
      throw error;
    }
  }

  return {
    ...authenticator,
    authenticate: (incoming, query) => guarded(incoming, query, () => authenticator.authenticate(incoming, query)),
    authenticateSoftly: (incoming, query) =>
      guarded(incoming, query, () => authenticator.authenticateSoftly(incoming, query)),
  };
}

function hasToken(incoming: RequestHead, query: Query, options: TokenSourceOptions): boolean {
  const found = findToken(
    {
      authorization: headerValues(incoming, 'authorization'),
      cookie: incoming.headers.cookie,
      accessToken: query.get('access_token') ?? [],
    },
    options,
  );
  return found !== undefined;
}
