import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { TidingsError } from '../src/error.ts';
import { covers, parsePattern } from '../src/pattern.ts';
import { isReservedTopic, isToken, isTopic, parseTopic, toUserToken, toUserTopic } from '../src/topic.ts';
import { inTitle, isLegalToken, isLegalTopic, topicLike } from './arbitraries.ts';

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof TidingsError ? error.code : String(error);
  }
  return 'none';
}

function messageOf(text: string): string {
  try {
    parseTopic(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

const ILLEGAL: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['17 tokens', Array(17).fill('a').join('.')],
  ['256 bytes in one token', 'a'.repeat(256)],
  ['256 bytes in fewer characters', 'é'.repeat(128)],
  ['an empty token in the middle', 'a..b'],
  ['an empty first token', '.a'],
  ['an empty last token', 'a.'],
  ['a dot alone', '.'],
  ['a space', 'a b'],
  ['a space around it', ' a '],
  ['a tab', 'a\tb'],
  ['the wildcard *', 'orders.*'],
  ['* within a token', 'a*b'],
  ['the wildcard >', 'orders.>'],
  ['> within a token', 'a>b'],
  ['CR', 'a\rb'],
  ['LF', 'a\nb'],
  ['LF at the end', 'a\n'],
  ['CRLF and a field', 'a\r\ndata: evil'],
  ['NUL', 'a\0b'],
  ['DEL', 'a\u007fb'],
  ['U+0085', 'a\u0085b'],
  ['U+009F', 'a\u009fb'],
  ['U+2028', 'a\u2028b'],
  ['U+2029', 'a\u2029b'],
  ['a no-break space', 'a\u00a0b'],
  ['an ideographic space', 'a\u3000b'],
  ['a byte order mark', '\ufeffa'],
  ['a lone high surrogate', 'a\ud83d'],
  ['a lone low surrogate', '\ude00a'],
  ['surrogates in the wrong order', '\ude00\ud83d'],
  ['a way up the tree', '../'],
  ['a longer way up the tree', '../../etc/passwd'],
  ["NATS's own $SYS", '$SYS.x'],
  ["the hub's own $hub", '$hub.audit'],
  ['$ alone', '$'],
];

const LEGAL: readonly (readonly [string, string])[] = [
  ['one character', 'a'],
  ['16 tokens', Array(16).fill('a').join('.')],
  ['255 bytes in one token', 'a'.repeat(255)],
  ['255 bytes in 16 tokens', `${'a'.repeat(15)}.`.repeat(15) + 'a'.repeat(15)],
  ['255 bytes in fewer characters', `a${'é'.repeat(127)}`],
  ['emoji', 'orders.😀'],
  ['emoji joined by ZWJ', 'team.👩‍🚀'],
  ['right to left script', 'שלום.مرحبا'],
  ['a percent escape', 'a.%2e'],
  ["NATS's inbox", '_INBOX.x'],
  ['$ after the first place', 'a$.$SYS'],
  ['$ as the second token', 'a.$hub'],
  ['slashes and colons', 'a/b:c'],
  ['a name of JavaScript', '__proto__.constructor'],
];

describe('parseTopic', () => {
  it.each(ILLEGAL)('section 2: refuses %s', (_, text) => {
    expect(isTopic(text)).toBe(false);
    expect(codeOf(() => parseTopic(text))).toBe('invalid-topic');
  });

  it.each(LEGAL)('section 2: takes %s', (_, text) => {
    expect(isTopic(text)).toBe(true);
    expect(parseTopic(text)).toBe(text);
    expect(parsePattern(text)).toBe(text);
  });

  it('section 2: takes exactly what the grammar allows', () => {
    fc.assert(
      fc.property(topicLike, (text) => {
        expect(isTopic(text)).toBe(isLegalTopic(text));
        expect(codeOf(() => parseTopic(text))).toBe(isLegalTopic(text) ? 'none' : 'invalid-topic');
      }),
      { numRuns: 3_000 },
    );
  });

  it('section 2: holds the grammar for each code point alone', () => {
    const wrong: string[] = [];
    for (let codePoint = 0; codePoint <= 0x1_ffff; codePoint += 1) {
      const token = `a${String.fromCodePoint(codePoint)}b`;
      if (isToken(token) !== isLegalToken(token)) wrong.push(codePoint.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it('says what is wrong, and where in the request', () => {
    expect(messageOf('')).toBe('The topic has an empty token at place 1.');
    expect(messageOf('a.b c')).toBe('The topic has an illegal token at place 2.');
    expect(messageOf('a.b..c')).toBe('The topic has an empty token at place 3.');
    expect(messageOf('a'.repeat(256))).toBe('The topic is longer than 255 bytes.');
    expect(messageOf(Array(17).fill('a').join('.'))).toBe('The topic has more than 16 tokens.');
    expect(messageOf('$SYS.x')).toBe('Topics that start with $ belong to the hub.');
    for (const text of ['', '$hub.audit']) {
      expect(() => parseTopic(text, { pointer: '/3/topic' })).toThrow(
        expect.objectContaining({ details: { pointer: '/3/topic' } }),
      );
    }
  });

  it('refuses 10 MB without reading them all', () => {
    const started = performance.now();
    for (let round = 0; round < 20; round += 1) expect(isTopic('é'.repeat(5_000_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('isReservedTopic', () => {
  it("section 2: knows the hub's own topics by the $ that they start with", () => {
    for (const text of ['$hub.audit', '$hub.metrics', '$SYS.x', '$', '$hub.*'])
      expect(isReservedTopic(text)).toBe(true);
    for (const text of ['hub.audit', 'a.$hub', 'a$', '*', '>']) expect(isReservedTopic(text)).toBe(false);
  });
});

describe('toUserTopic', () => {
  it('section 2: encodes the characters that would make an id several tokens or a wildcard', () => {
    expect(toUserTopic('alice')).toBe('user.alice');
    expect(toUserTopic('a.b')).toBe('user.a%2Eb');
    expect(toUserTopic('*')).toBe('user.%2A');
    expect(toUserTopic('>')).toBe('user.%3E');
    expect(toUserTopic('a%2Eb')).toBe('user.a%252Eb');
    expect(toUserTopic('$SYS')).toBe('user.$SYS');
    expect(toUserTopic('😀@example.org')).toBe('user.😀@example%2Eorg');
  });

  it.each(
    ['', ' ', 'a b', 'a\n', '\ta', 'a\0', 'a\u00a0', 'a\u2028', '\ud83d', '\u0085'].map((id) => [inTitle(id), id]),
  )('section 2: refuses the user id %s', (_, id) => {
    expect(codeOf(() => toUserToken(id ?? ''))).toBe('invalid-user');
    expect(codeOf(() => toUserTopic(id ?? ''))).toBe('invalid-user');
  });

  it('section 2: refuses an id that makes the topic longer than 255 bytes', () => {
    expect(toUserTopic('a'.repeat(250))).toHaveLength(255);
    expect(codeOf(() => toUserTopic('a'.repeat(251)))).toBe('invalid-user');
    expect(codeOf(() => toUserTopic('.'.repeat(84)))).toBe('invalid-user');
  });

  const userId = fc
    .array(fc.oneof(fc.constantFrom('a', 'b', '.', '*', '>', '%', '%2E', '2E', '$'), anyText()), {
      minLength: 1,
      maxLength: 5,
    })
    .map((pieces) => pieces.join(''))
    .filter((id) => codeOf(() => toUserTopic(id)) === 'none');

  it('section 2: gives every id a topic of two tokens that no other id shares', () => {
    fc.assert(
      fc.property(userId, userId, (one, other) => {
        expect(isLegalTopic(toUserTopic(one))).toBe(true);
        expect(toUserTopic(one).split('.')).toHaveLength(2);
        expect(toUserTopic(one) === toUserTopic(other)).toBe(one === other);
      }),
      { numRuns: 1_000 },
    );
  });

  it("section 2: lets no user read another's personal topics through its own pattern", () => {
    fc.assert(
      fc.property(userId, userId, (one, other) => {
        fc.pre(one !== other);
        for (const theirs of [toUserTopic(other), `${toUserTopic(other)}.x`]) {
          expect(covers(toUserTopic(one), theirs)).toBe(false);
          expect(covers(`${toUserTopic(one)}.>`, theirs)).toBe(false);
        }
      }),
    );
  });
});
