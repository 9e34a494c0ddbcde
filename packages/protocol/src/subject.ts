import { TidingsError } from './error.ts';

const PLAIN = /^[A-Za-z0-9_-]+$/;

function encodeToken(token: string): string {
  if (PLAIN.test(token)) return token;
  let encoded = '';
  for (const byte of Buffer.from(token)) {
    const character = String.fromCharCode(byte);
    encoded += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/**
 * Any text as one token of a subject, dots and wildcards included: every byte outside `[A-Za-z0-9_-]` becomes `%XX`. A
 * lone surrogate becomes U+FFFD. `decodeURIComponent` is the inverse.
 */
export function toSubjectToken(text: string): string {
  return encodeToken(text);
}

/**
 * A topic or pattern as a NATS subject: every byte of a token outside `[A-Za-z0-9_-]` becomes `%XX`. A token that is
 * exactly `*`, or a last one that is `>`, stays a wildcard. The topic must be legal; the inverse is `toTopic`.
 */
export function toSubject(pattern: string): string {
  const tokens = pattern.split('.');
  return tokens
    .map((token, place) =>
      token === '*' || (token === '>' && place === tokens.length - 1) ? token : encodeToken(token),
    )
    .join('.');
}

/**
 * The topic or pattern that `toSubject` made the subject from.
 * @throws TidingsError `invalid-topic` when the subject is not one that `toSubject` makes.
 */
export function toTopic(subject: string): string {
  let topic: string;
  try {
    topic = subject.split('.').map(decodeURIComponent).join('.');
  } catch (error) {
    throw new TidingsError('invalid-topic', 'The subject is not an encoded topic.', {}, error);
  }
  // One topic, one subject: a subject that decodes to a topic but is not its encoding would be a second name for it.
  if (toSubject(topic) !== subject) throw new TidingsError('invalid-topic', 'The subject is not an encoded topic.');
  return topic;
}
