import { TidingsError } from '@tidings/protocol';
import { headerValues, type Query, type RequestHead, requestedHost } from '@tidings/runtime';
import { toChallenge } from './challenge.ts';
import { ANONYMOUS, type Grant } from './grant.ts';
import { type AllowedOrigins, corsOrigin, isAllowedOrigin, type OriginEvidence } from './origin.ts';
import type { Refusal } from './refusal.ts';
import { findToken, type TokenSourceOptions } from './token-source.ts';
import type { Verifier } from './verify.ts';

/** Who asks, and how it is known. */
export interface Access {
  readonly grant: Grant;
  /** No token came: only what is public is open. */
  readonly anonymous: boolean;
  /** The token stood in the URL: the answer must not pass that URL on. */
  readonly fromQuery: boolean;
  /** The token is valid but for its `exp`, at most a day ago. Only an answer that grants nothing may follow. */
  readonly expired: boolean;
}

/** Turns a request of either HTTP protocol into a grant. */
export interface Authenticator {
  /**
   * @throws TidingsError `unauthenticated` for a token that is not valid, always with the same words;
   *   `forbidden-origin` for a cookie from a foreign page; `unavailable` when the keys can't be fetched.
   */
  authenticate(incoming: RequestHead, query: Query): Promise<Access>;
  /** The same for a caller that has an answer of its own for tokens that are just past their `exp`. */
  authenticateSoftly(incoming: RequestHead, query: Query): Promise<Access>;
  /** The refusal of a request that came without a token and needs one. */
  missingToken(): TidingsError;
  /** The refusal of a token that is past its `exp`, for callers of `authenticateSoftly`. */
  expiredToken(): TidingsError;
  /** The origin that a page's request may be answered for (CORS), or `undefined`. */
  corsOrigin(incoming: RequestHead): string | undefined;
}

export interface AuthenticatorOptions extends TokenSourceOptions {
  readonly verifier: Verifier;
  readonly allowedOrigins: AllowedOrigins;
  /** Told of every refusal, with the reason that the client does not learn. */
  readonly onRefusal: (reason: Refusal | 'foreign-origin' | 'missing') => void;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { verifier, allowedOrigins, onRefusal } = options;

  // One text for every refused token: what exactly is wrong with it would help only who forges it.
  function refuse(reason: Refusal | 'missing'): TidingsError {
    onRefusal(reason);
    const challenge = toChallenge(reason === 'missing' ? 'missing' : 'refused');
    return new TidingsError('unauthenticated', 'Send a valid token.', { challenge });
  }

  async function authenticateSoftly(incoming: RequestHead, query: Query): Promise<Access> {
    const found = findToken(
      {
        authorization: headerValues(incoming, 'authorization'),
        cookie: incoming.headers.cookie,
        accessToken: query.get('access_token') ?? [],
      },
      options,
    );
    if (found === undefined) return { grant: ANONYMOUS, anonymous: true, fromQuery: false, expired: false };
    if (found === 'malformed') throw refuse('malformed');
    if (found.from === 'cookie' && !isAllowedOrigin(evidenceOf(incoming), allowedOrigins)) {
      onRefusal('foreign-origin');
      throw new TidingsError('forbidden-origin', 'Pages of this origin may not use the cookie.');
    }
    const fromQuery = found.from === 'query';
    const verification = await verifier.verify(found.token);
    if (verification.ok) return { grant: verification.grant, anonymous: false, fromQuery, expired: false };
    if (verification.expired === undefined) throw refuse(verification.reason);
    return { grant: verification.expired, anonymous: false, fromQuery, expired: true };
  }

  return {
    authenticateSoftly,
    async authenticate(incoming, query) {
      const access = await authenticateSoftly(incoming, query);
      if (access.expired) throw refuse('expired');
      return access;
    },
    missingToken: () => refuse('missing'),
    expiredToken: () => refuse('expired'),
    corsOrigin: (incoming) => corsOrigin(incoming.headers.origin, requestedHost(incoming), allowedOrigins),
  };
}

function evidenceOf(incoming: RequestHead): OriginEvidence {
  const { headers } = incoming;
  return {
    origin: headers.origin,
    secFetchSite: headers['sec-fetch-site'] as string | undefined,
    referer: headers.referer,
    host: requestedHost(incoming),
  };
}
