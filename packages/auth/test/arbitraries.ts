import { covers, isPattern, isTopic } from '@tidings/protocol';
import fc from 'fast-check';

// Few and short tokens, so that patterns meet topics often; `%` and `$` because they are the special ones.
const token = fc.constantFrom('a', 'b', 'user', 'alice', 'a%2Eb', '$x', '42');

/** Legal topics of 1-4 tokens. */
export const anyTopic: fc.Arbitrary<string> = fc
  .array(token, { minLength: 1, maxLength: 4 })
  .map((tokens) => tokens.join('.'))
  .filter(isTopic);

/** Legal patterns of 1-4 tokens, plain topics and the hub's own among them. */
export const anyPattern: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 3 }), fc.constantFrom('', '.>'))
  .map(([tokens, end]) => tokens.join('.') + end)
  .filter(isPattern);

/** A pattern and a topic that it matches. */
export const patternWithTopic: fc.Arbitrary<[string, string]> = fc
  .tuple(anyPattern, anyTopic)
  .filter(([pattern, topic]) => covers(pattern, topic));

/** User ids, with the characters that must never act as wildcards or separators. */
export const anyUser: fc.Arbitrary<string> = fc.constantFrom('alice', 'a.b', 'a', '*', '>', 'a%2Eb', '😀', 'a b');
