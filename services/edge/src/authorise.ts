import {
  type Access,
  type Authenticator,
  DEFAULT_TENANT,
  type Grant,
  maySubscribe,
  personalTopics,
  type TopicClasses,
  toChallenge,
} from '@tidings/auth';
import { TidingsError } from '@tidings/protocol';

/** Whether anybody may read a topic or pattern: the classes are those of the default tenant. */
export function isPublicTopic(tenant: string, topic: string, classes: TopicClasses): boolean {
  return tenant === DEFAULT_TENANT && classes.isPublic(topic);
}

/** Whether a topic or pattern may be read: granted by the token, the caller's own, or public. */
export function mayRead(grant: Grant, topic: string, classes: TopicClasses): boolean {
  return isPublicTopic(grant.tenant, topic, classes) || maySubscribe(grant, topic);
}

/**
 * Checks that the caller may read each topic or pattern.
 * @throws TidingsError `unauthenticated` when a token could help and none came; `forbidden` naming the topic.
 */
export function authoriseTopics(
  { grant, anonymous }: Access,
  topics: readonly string[],
  classes: TopicClasses,
  authenticator: Authenticator,
): void {
  for (const topic of topics) {
    if (mayRead(grant, topic, classes)) continue;
    if (anonymous) throw authenticator.missingToken();
    throw new TidingsError('forbidden', `The token may not subscribe to ${topic}.`, {
      parameter: 'topic',
      topic,
      challenge: toChallenge('insufficient'),
    });
  }
}

/**
 * The topics of a stream that names none: the caller's own.
 * @throws TidingsError `unauthenticated` without a token; `invalid-field` for one without a usable `sub`.
 */
export function ownTopics({ grant, anonymous }: Access, authenticator: Authenticator): readonly string[] {
  const topics = personalTopics(grant);
  if (topics !== undefined) return topics;
  if (anonymous) throw authenticator.missingToken();
  throw new TidingsError('invalid-field', 'The token has no sub that could be a topic: name the topics.', {
    parameter: 'topic',
  });
}
