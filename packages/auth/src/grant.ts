import { covers, isHubTopic, isPattern, isReservedTopic, isTopic, toUserToken } from '@tidings/protocol';

/** What a verified token allows, and whose it is: all that the rest of the hub ever sees of a token. */
export interface Grant {
  /** `sub`: the user. Without one there are no personal topics. */
  readonly user: string | undefined;
  readonly tenant: string;
  /** Patterns that may be subscribed to. */
  readonly subscribe: readonly string[];
  /** Patterns that may be published to. */
  readonly publish: readonly string[];
  /** May purge, list, close and revoke, and follow the hub's own topics. It grants no other topic. */
  readonly admin: boolean;
  /** `jti`, by which one token can be revoked. */
  readonly tokenId: string | undefined;
  /** `iat`, by which a user's older tokens can be revoked. */
  readonly issuedAtSec: number | undefined;
  /** `exp`, when streams end; `Infinity` for `ANONYMOUS` alone. */
  readonly expiresAtSec: number;
}

export const DEFAULT_TENANT = 'default';

/** Who comes without a token: no topic of its own, so that only public topic classes are open. */
export const ANONYMOUS: Grant = Object.freeze({
  user: undefined,
  tenant: DEFAULT_TENANT,
  subscribe: Object.freeze([]),
  publish: Object.freeze([]),
  admin: false,
  tokenId: undefined,
  issuedAtSec: undefined,
  expiresAtSec: Number.POSITIVE_INFINITY,
});

/** Whether an event may be published to `topic`; never to the hub's own (`$…`), and never to a pattern. */
export function mayPublish(grant: Grant, topic: string): boolean {
  return isTopic(topic) && grant.publish.some((pattern) => covers(pattern, topic));
}

/**
 * Whether a topic or pattern may be subscribed to: one granted pattern covers all of it, or it lies within the user's
 * personal topics. Two grants that only together cover it do not count. Of the hub's own (`$…`) an admin may have
 * `$hub.audit` and `$hub.metrics`, whatever is granted, and nobody else any.
 */
export function maySubscribe(grant: Grant, pattern: string): boolean {
  if (isReservedTopic(pattern)) return grant.admin && isHubTopic(pattern);
  if (!isPattern(pattern)) return false;
  const granted = [...grant.subscribe, ...(personalTopics(grant) ?? [])];
  return granted.some((wide) => covers(wide, pattern));
}

/**
 * `user.<sub>` and `user.<sub>.>`, the default subscription (contract section 4); `undefined` without a `sub` that can be
 * a topic token (white space, too long). For a `sub` so long that nothing fits below it, the first alone.
 */
export function personalTopics(grant: Grant): readonly string[] | undefined {
  const token = personalToken(grant.user);
  if (token === undefined) return undefined;
  const topics = [`user.${token}`, `user.${token}.>`].filter(isPattern);
  return topics.length > 0 ? topics : undefined;
}

function personalToken(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  try {
    return toUserToken(user);
  } catch {
    return undefined;
  }
}
