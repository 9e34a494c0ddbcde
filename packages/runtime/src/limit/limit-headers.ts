import { TidingsError } from '@tidings/protocol';
import type { Standing } from './rate.ts';

/** `RateLimit-Policy` and `RateLimit` of an answer (draft-ietf-httpapi-ratelimit-headers-11). */
export type LimitHeaders = Readonly<Record<'RateLimit-Policy' | 'RateLimit', string>>;

/** The fields that tell a client its limits and what is left of each; at least one. */
export function toLimitHeaders(standings: readonly Standing[]): LimitHeaders {
  return {
    'RateLimit-Policy': standings
      .map(({ policy: { name, quota, windowSec, unit } }) => {
        return `"${name}";q=${quota}${unit === undefined ? '' : `;qu="${unit}"`};w=${windowSec}`;
      })
      .join(', '),
    RateLimit: standings.map((each) => `"${each.policy.name}";r=${each.left};t=${toSeconds(each.resetMs)}`).join(', '),
  };
}

/** The limit of which nothing is left, and for the longest; `undefined` when there are points of each. */
export function exhausted(standings: readonly Standing[]): Standing | undefined {
  const none = standings.filter(({ left }) => left === 0);
  return none.length === 0 ? undefined : none.reduce((one, other) => (other.resetMs > one.resetMs ? other : one));
}

/** The refusal of a request for which nothing is left. */
export function rateLimited({ policy, resetMs }: Standing, standings: readonly Standing[]): TidingsError {
  const retryAfterSec = toSeconds(resetMs);
  return new TidingsError('rate-limited', `The limit "${policy.name}", ${policy.quota} a second, is used up.`, {
    retryAfterSec,
    limitHeaders: toLimitHeaders(standings),
  });
}

const toSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
