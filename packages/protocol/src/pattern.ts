import { TidingsError } from './error.ts';
import { MAX_TOPIC_BYTES } from './limit.ts';
import { createPatternTrie } from './pattern-trie.ts';
import { isReservedTopic, isToken, shapeFault } from './topic.ts';

/** Whether a pattern names more than one topic: some token is `*`, or the last is `>`. */
export function isWildcard(pattern: string): boolean {
  return pattern.split('.').some((token) => token === '*' || token === '>');
}

function patternFault(text: string): string | undefined {
  const tokens = text.split('.');
  const last = tokens.length - 1;
  let place = -1;
  return shapeFault(text, tokens, (token) => {
    place += 1;
    return token === '*' || (token === '>' && place === last) || isToken(token);
  });
}

/** Whether `text` is a topic or a pattern with NATS wildcards: `*` one token, `>` (last) one or more. */
export function isPattern(text: string): boolean {
  return patternFault(text) === undefined;
}

/**
 * Returns `text` if it is a topic or pattern.
 * @throws TidingsError `invalid-topic` with the reason, and the text unless it is too long.
 */
export function parsePattern(text: string, where: { pointer?: string; parameter?: string } = {}): string {
  const fault = patternFault(text);
  if (fault === undefined) return text;
  // What is longer than a topic may be is not worth saying again.
  const details = text.length > MAX_TOPIC_BYTES ? where : { ...where, topic: text };
  throw new TidingsError('invalid-topic', `The topic or pattern ${fault}.`, details);
}

/**
 * Whether every topic that `wanted` matches is matched by `pattern` too; for a plain topic, whether the pattern matches
 * it. No wildcard, `$hub.*` included, reaches a topic of the hub's own (`$…`). Both must be legal patterns.
 */
export function covers(pattern: string, wanted: string): boolean {
  if (isReservedTopic(wanted)) return pattern === wanted;
  const wide = pattern.split('.');
  const narrow = wanted.split('.');
  for (let place = 0; place < wide.length; place += 1) {
    const token = wide[place];
    const other = narrow[place];
    if (other === undefined) return false;
    if (token === '>') return true;
    if (other === '>') return false;
    if (token !== '*' && token !== other) return false;
  }
  return wide.length === narrow.length;
}

/** Whether some topic is matched by both patterns. Both must be legal. */
export function overlaps(one: string, other: string): boolean {
  if (isReservedTopic(one) || isReservedTopic(other)) return one === other && !isWildcard(one);
  const left = one.split('.');
  const right = other.split('.');
  const shorter = Math.min(left.length, right.length);
  for (let place = 0; place < shorter; place += 1) {
    const a = left[place];
    const b = right[place];
    if (a === '>' || b === '>') return true;
    if (a !== '*' && b !== '*' && a !== b) return false;
  }
  return left.length === right.length;
}

/**
 * One predicate for a list of patterns: a look-up in a set for the plain topics, and one walk down a trie for all the
 * wildcards together, whose number then does not matter.
 */
export function toMatcher(patterns: readonly string[]): (topic: string) => boolean {
  const plain = new Set(patterns.filter((pattern) => !isWildcard(pattern)));
  const wild = createPatternTrie<true>();
  for (const pattern of patterns) if (isWildcard(pattern)) wild.add(pattern, true);
  if (plain.size === patterns.length) return (topic) => plain.has(topic);
  return (topic) => plain.has(topic) || (!isReservedTopic(topic) && wild.matches(topic));
}
