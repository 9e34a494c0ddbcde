import { TidingsError } from './error.ts';
import { MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS } from './limit.ts';

// Control characters, lone surrogates (they have no UTF-8 form), every kind of white space, and the pattern characters.
const ILLEGAL_IN_TOKEN = /[\p{Cc}\p{Cs}\s.*>]/u;
const ILLEGAL_IN_USER_ID = /[\p{Cc}\p{Cs}\s]/u;
// Of UTF-16 in UTF-8.
const MOST_BYTES_OF_A_UNIT = 3;

/** Whether `token` may stand between two dots of a topic (contract section 2). */
export function isToken(token: string): boolean {
  return token.length > 0 && !ILLEGAL_IN_TOKEN.test(token);
}

/** Whether the first token marks one of the hub's own topics, `$hub.…`, which nobody publishes to. */
export function isReservedTopic(topicOrPattern: string): boolean {
  return topicOrPattern.startsWith('$');
}

/** Why tokens do not make a topic or pattern, as the end of a sentence, or `undefined` when they do. */
export function shapeFault(
  text: string,
  tokens: readonly string[],
  isLegal: (token: string) => boolean,
): string | undefined {
  if (isTooLong(text)) return `is longer than ${MAX_TOPIC_BYTES} bytes`;
  if (tokens.length > MAX_TOPIC_TOKENS) return `has more than ${MAX_TOPIC_TOKENS} tokens`;
  const place = tokens.findIndex((token) => !isLegal(token));
  if (place === -1) return undefined;
  return tokens[place] === ''
    ? `has an empty token at place ${place + 1}`
    : `has an illegal token at place ${place + 1}`;
}

// Not by Buffer: pages check topics too. Most are so short that their bytes need no counting.
function isTooLong(text: string): boolean {
  if (text.length > MAX_TOPIC_BYTES) return true;
  return (
    text.length * MOST_BYTES_OF_A_UNIT > MAX_TOPIC_BYTES && new TextEncoder().encode(text).length > MAX_TOPIC_BYTES
  );
}

/** Whether `text` is a topic that events can be published to: 1-16 legal tokens, at most 255 bytes, not reserved. */
export function isTopic(text: string): boolean {
  return !isReservedTopic(text) && shapeFault(text, text.split('.'), isToken) === undefined;
}

/**
 * Returns `text` if it is a topic that events can be published to.
 * @throws TidingsError `invalid-topic` with the reason; `pointer` or `parameter` in `where` is passed on.
 */
export function parseTopic(text: string, where: { pointer?: string; parameter?: string } = {}): string {
  if (isReservedTopic(text)) {
    throw new TidingsError('invalid-topic', 'Topics that start with $ belong to the hub.', where);
  }
  const fault = shapeFault(text, text.split('.'), isToken);
  if (fault !== undefined) throw new TidingsError('invalid-topic', `The topic ${fault}.`, where);
  return text;
}

/**
 * A user's id as one topic token: `.`, `*`, `>` and `%` percent-encoded, so that user `a` never reads `user.a.b` of a
 * user `a.b`, and no id ever is a wildcard.
 * @throws TidingsError `invalid-user` for an empty id, or one with white space, control characters or lone surrogates.
 */
export function toUserToken(userId: string): string {
  if (userId === '' || ILLEGAL_IN_USER_ID.test(userId)) {
    throw new TidingsError('invalid-user', 'A user id is one or more characters, none of them white space or control.');
  }
  return userId.replace(/[.*>%]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * The personal topic `user.<id>` of a user.
 * @throws TidingsError `invalid-user` when the id can't be a token or is too long for a topic.
 */
export function toUserTopic(userId: string): string {
  const topic = `user.${toUserToken(userId)}`;
  if (!isTopic(topic)) throw new TidingsError('invalid-user', `The user id is too long for a topic.`);
  return topic;
}
