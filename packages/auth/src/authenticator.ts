import { TidingsError } from '@tidings/protocol';
import { type Clock, headerValues, type Query, type RequestHead, requestedHost, systemClock } from '@tidings/runtime';
import { toChallenge } from './challenge.ts';
import { ANONYMOUS, type Grant } from './grant.ts';
import { type AllowedOrigins, corsOrigin, isAllowedOrigin, type OriginEvidence } from './origin.ts';
import type { AccessRefusal } from './refusal.ts';
import { isTicket } from './ticket.ts';
import { type FoundToken, findToken, type TokenPlace, type TokenSourceOptions } from './token-source.ts';
import type { Verifier } from './verify.ts';

/** Who asks, and how it is known. */
export interface Access {
  readonly grant: Grant;
  /** No token came: only what is public is open. */
  readonly anonymous: boolean;
  /** Where the token stood; `undefined` when none came. A token in a URL must not be passed on with that URL. */
  readonly from: TokenPlace | undefined;
  /** A ticket came in place of the token, and is used up. Whoever comes by one gets no other. */
  readonly fromTicket: boolean;
  /** The token is valid but for its `exp`, at most a day ago. Only an answer that grants nothing may follow. */
  readonly expired: boolean;
}

/** Turns a request of either HTTP protocol into a grant. */
export interface Authenticator {
  /**
   * @throws TidingsError `unauthenticated` for a token or ticket that is not valid, always with the same words;
   *   `forbidden-origin` for a cookie from a foreign page; `unavailable` when the keys, or the tickets, can't be fetched.
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

/** What decides over a token beyond the token itself. */
export interface AccessChecks {
  /** Whether the token of this grant is revoked; when left out, none is. Asked for each request. */
  readonly isRevoked?: ((grant: Grant) => boolean) | undefined;
  /**
   * Takes a ticket out of where it waits: its grant the first time, `undefined` ever after. When left out, there are no
   * tickets. Rejects with TidingsError `unavailable` when it is not known.
   */
  readonly redeemTicket?: ((ticket: string) => Promise<Grant | undefined>) | undefined;
}

export interface AuthenticatorOptions extends TokenSourceOptions, AccessChecks {
  readonly verifier: Verifier;
  readonly allowedOrigins: AllowedOrigins;
  /** By which the grant of a ticket ends; the machine's when left out. */
  readonly clock?: Clock;
  /** Told of every refusal, with the reason that the client does not learn. */
  readonly onRefusal: (reason: AccessRefusal) => void;
}

const NOBODY: Access = { grant: ANONYMOUS, anonymous: true, from: undefined, fromTicket: false, expired: false };

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { verifier, allowedOrigins, onRefusal, isRevoked = () => false, redeemTicket, clock = systemClock } = options;

  // One text for every refused token: what exactly is wrong with it would help only who forges it.
  function refuse(reason: AccessRefusal): TidingsError {
    onRefusal(reason);
    const challenge = toChallenge(reason === 'missing' ? 'missing' : 'refused');
    return new TidingsError('unauthenticated', 'Send a valid token.', { challenge });
  }

  async function redeem(redeemed: Promise<Grant | undefined>): Promise<Access> {
    const grant = await redeemed;
    if (grant === undefined) throw refuse('used-ticket');
    // Never softly: a client with tickets asks for a new one at each connect.
    if (clock.now() / 1000 >= grant.expiresAtSec) throw refuse('expired');
    return { grant, anonymous: false, from: 'query', fromTicket: true, expired: false };
  }

  async function verify({ token, from }: FoundToken): Promise<Access> {
    const verification = await verifier.verify(token);
    if (verification.ok) {
      return { grant: verification.grant, anonymous: false, from, fromTicket: false, expired: false };
    }
    if (verification.expired === undefined) throw refuse(verification.reason);
    return { grant: verification.expired, anonymous: false, from, fromTicket: false, expired: true };
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
    if (found === undefined) return NOBODY;
    if (found === 'malformed') throw refuse('malformed');
    if (found.from === 'cookie' && !isAllowedOrigin(evidenceOf(incoming), allowedOrigins)) {
      onRefusal('foreign-origin');
      throw new TidingsError('forbidden-origin', 'Pages of this origin may not use the cookie.');
    }
    const isRedeemed = redeemTicket !== undefined && found.from === 'query' && isTicket(found.token);
    const access = await (isRedeemed ? redeem(redeemTicket(found.token)) : verify(found));
    // Here, and not where tokens are verified: what was verified before is revoked all the same.
    if (isRevoked(access.grant)) throw refuse('revoked');
    return access;
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
