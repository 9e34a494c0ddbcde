import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TOPIC_BYTES } from '../src/limit.ts';
import { covers, isPattern, isWildcard, overlaps, parsePattern, toMatcher } from '../src/pattern.ts';
import { isLegalToken, pattern, topic, topicLike } from './arbitraries.ts';

// All sequences of 1 to `most` tokens.
function sequences(alphabet: readonly string[], most: number): string[][] {
  const longer = (shorter: string[][]): string[][] =>
    shorter.flatMap((tokens) => alphabet.map((token) => [...tokens, token]));
  const all: string[][] = [];
  for (let level = longer([[]]); all.length === 0 || (level[0]?.length ?? 0) <= most; level = longer(level)) {
    all.push(...level);
  }
  return all;
}

// Contract section 2, word by word: `*` is exactly one token, `>` as the last token is one or more, and no wildcard
// matches a topic whose first token starts with `$`.
function matches(tokens: readonly string[], of: readonly string[]): boolean {
  return of[0]?.startsWith('$') ? tokens.join('.') === of.join('.') : matchesFrom(0, tokens, of);
}

function matchesFrom(place: number, tokens: readonly string[], of: readonly string[]): boolean {
  if (place === tokens.length || place === of.length) return tokens.length === of.length;
  const token = tokens[place];
  if (token === '>') return true;
  return (token === '*' || token === of[place]) && matchesFrom(place + 1, tokens, of);
}

const MOST_TOKENS = 3;
const TOKENS = ['$a', 'a', 'b'];
// One token more than the patterns have, so that `>` and `*` in the last place tell apart.
const TOPICS = sequences(TOKENS, MOST_TOKENS + 1);
const PATTERNS = [
  ...sequences([...TOKENS, '*'], MOST_TOKENS),
  ['>'],
  ...sequences([...TOKENS, '*'], MOST_TOKENS - 1).map((tokens) => [...tokens, '>']),
];
const MODEL = PATTERNS.map((tokens) => ({
  text: tokens.join('.'),
  topics: new Set(TOPICS.filter((of) => matches(tokens, of)).map((of) => of.join('.'))),
}));

// Pairs of patterns for which `claim` fails; a loop and not 10,000 expectations, for speed.
function pairsAgainst(claim: (one: (typeof MODEL)[number], other: (typeof MODEL)[number]) => boolean): string[] {
  return MODEL.flatMap((one) =>
    MODEL.filter((other) => !claim(one, other)).map((other) => `${one.text} | ${other.text}`),
  );
}

function isSubset(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  for (const each of one) if (!other.has(each)) return false;
  return true;
}

function meet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  for (const each of one) if (other.has(each)) return true;
  return false;
}

describe('parsePattern', () => {
  it.each(['*', '>', 'orders.*', '*.created', 'chat.>', '*.*.>', 'orders.42', '$hub.audit', `${'a.'.repeat(15)}>`])(
    'section 2: takes %s',
    (text) => {
      expect(isPattern(text)).toBe(true);
      expect(parsePattern(text)).toBe(text);
    },
  );

  it.each([
    '',
    '.',
    '>.a',
    'a.>.b',
    '>>',
    '**',
    'a*',
    '*a',
    'a>',
    '>a',
    'a..*',
    '*.',
    '.>',
    '* ',
    `${'*.'.repeat(16)}>`,
  ])('section 2: refuses "%s"', (text) => {
    expect(isPattern(text)).toBe(false);
    expect(() => parsePattern(text, { parameter: 'topic' })).toThrow(
      expect.objectContaining({
        code: 'invalid-topic',
        details: { parameter: 'topic', ...(text.length <= MAX_TOPIC_BYTES && { topic: text }) },
      }),
    );
  });

  it('section 2: takes exactly what the grammar allows', () => {
    fc.assert(
      fc.property(topicLike, (text) => {
        const tokens = text.split('.');
        const legal = (each: string, at: number): boolean =>
          each === '*' || (each === '>' && at === tokens.length - 1) || isLegalToken(each);
        expect(isPattern(text)).toBe(tokens.length <= 16 && Buffer.byteLength(text) <= 255 && tokens.every(legal));
      }),
      { numRuns: 3_000 },
    );
  });

  it('says at which place the fault is', () => {
    expect(() => parsePattern('a.>.b')).toThrow('The topic or pattern has an illegal token at place 2.');
    expect(() => parsePattern('a.*..b')).toThrow('The topic or pattern has an empty token at place 3.');
  });
});

describe('isWildcard', () => {
  it('section 2: knows a wildcard by a whole token', () => {
    for (const text of ['*', '>', 'a.*', '*.a', 'a.>']) expect(isWildcard(text)).toBe(true);
    for (const text of ['a', 'a.b', 'user.%2A', 'user.%3E']) expect(isWildcard(text)).toBe(false);
  });
});

describe('covers', () => {
  it('section 2: matches * with exactly one token and > with one or more', () => {
    expect(covers('orders.*', 'orders.42')).toBe(true);
    expect(covers('orders.*', 'orders')).toBe(false);
    expect(covers('orders.*', 'orders.42.items')).toBe(false);
    expect(covers('chat.>', 'chat')).toBe(false);
    expect(covers('chat.>', 'chat.1')).toBe(true);
    expect(covers('chat.>', 'chat.1.2.3')).toBe(true);
  });

  it('is sound: every topic that the second pattern matches is matched by the first', () => {
    expect(pairsAgainst((one, other) => !covers(one.text, other.text) || isSubset(other.topics, one.topics))).toEqual(
      [],
    );
  });

  it('is complete: it is true whenever the first pattern matches all that the second one does', () => {
    // A pattern that matches nothing ($a.*) would be covered by all; nothing may be granted by that.
    expect(
      pairsAgainst(
        (one, other) => other.topics.size === 0 || !isSubset(other.topics, one.topics) || covers(one.text, other.text),
      ),
    ).toEqual([]);
  });

  it('agrees with the model on every plain topic', () => {
    const wrong = TOPICS.flatMap((tokens) => {
      const text = tokens.join('.');
      return MODEL.filter((one) => covers(one.text, text) !== one.topics.has(text)).map(
        (one) => `${one.text} | ${text}`,
      );
    });
    expect(wrong).toEqual([]);
  });

  it('holds for any pattern and topic what the model says', () => {
    fc.assert(
      fc.property(pattern, topic, (text, of) => {
        expect(covers(text, of)).toBe(matches(text.split('.'), of.split('.')));
      }),
    );
  });

  it('lets a pattern cover itself, and > whatever does not start with $', () => {
    fc.assert(
      fc.property(pattern, (text) => {
        expect(covers(text, text)).toBe(true);
        expect(covers('>', text)).toBe(true);
      }),
    );
  });
});

describe('overlaps', () => {
  it('is true exactly when some topic is matched by both', () => {
    expect(pairsAgainst((one, other) => overlaps(one.text, other.text) === meet(one.topics, other.topics))).toEqual([]);
  });

  it('does not depend on the order', () => {
    fc.assert(fc.property(pattern, pattern, (one, other) => overlaps(one, other) === overlaps(other, one)));
  });
});

describe("the hub's own topics", () => {
  it.each(['*.*', '*.>', '>', '*.audit', '$hub.*', '$hub.>', '$SYS.>'])(
    'section 2: %s matches none of them',
    (text) => {
      for (const own of ['$hub.audit', '$hub.metrics', '$SYS.x']) {
        expect(covers(text, own)).toBe(false);
        expect(overlaps(text, own)).toBe(false);
        expect(overlaps(own, text)).toBe(false);
        expect(toMatcher([text])(own)).toBe(false);
      }
    },
  );

  it('section 2: are matched by their exact name', () => {
    expect(covers('$hub.audit', '$hub.audit')).toBe(true);
    expect(overlaps('$hub.audit', '$hub.audit')).toBe(true);
    expect(toMatcher(['$hub.audit'])('$hub.audit')).toBe(true);
    expect(covers('$hub.audit', '$hub.metrics')).toBe(false);
  });

  it('section 2: no grant of a wildcard reaches a pattern of theirs', () => {
    for (const grant of ['>', '*.>', '*.*', 'orders.*']) {
      for (const wanted of ['$hub.*', '$hub.>', '$hub.audit']) expect(covers(grant, wanted)).toBe(false);
    }
  });
});

describe('toMatcher', () => {
  it('says of each topic whether some pattern of the list covers it', () => {
    const plain = MODEL.filter((one) => !isWildcard(one.text));
    const wrong = TOPICS.map((tokens) => tokens.join('.')).flatMap((text) =>
      MODEL.filter((one, at) => {
        const other = plain[at % plain.length] ?? one;
        return toMatcher([one.text, other.text])(text) !== (one.topics.has(text) || other.topics.has(text));
      }).map((one) => `${one.text} | ${text}`),
    );
    expect(wrong).toEqual([]);
  });

  it('matches nothing for an empty list', () => {
    expect(toMatcher([])('a')).toBe(false);
  });
});
