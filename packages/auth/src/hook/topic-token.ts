// What may not stand in a token (contract section 2), and the sign of the encoding itself.
const UNSAFE = /[\p{Cc}\p{Cs}\s.*>%]/gu;

/**
 * Any text as a part of one topic token: each character that a token may not have, and `%`, becomes the percent-encoded
 * bytes of its UTF-8 (a lone surrogate those of U+FFFD). Two texts never become one, and a user's id becomes what
 * `user.<id>` has (contract section 2).
 */
export function toTopicToken(text: string): string {
  return text.replace(UNSAFE, percentEncode);
}

/** The same for a topic that begins with a value: `$` in front would make it one of the hub's own. */
export function toOwnTopic(topic: string): string {
  return topic.startsWith('$') ? `%24${topic.slice(1)}` : topic;
}

const percentEncode = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
