import { covers } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTopicClasses } from '../src/topic-class.ts';
import { anyPattern, patternWithTopic } from './arbitraries.ts';

describe('parseTopicClasses', () => {
  it('section 2: reads the example, and the first match wins', () => {
    const classes = parseTopicClasses(`{
      "news.internal": {},
      "news.>": { "public": true, "ttl": 86400, "store": true },
      "news.late": { "public": false }
    }`);
    expect(classes.classOf('news.a')).toEqual({ public: true, ttl: 86_400, store: true });
    expect(classes.classOf('news.internal')).toEqual({ public: false });
    expect(classes.classOf('news.late').public).toBe(true);
    expect(classes.classOf('other')).toEqual({ public: false });
  });

  it('section 2: keeps the order of the file for names that JavaScript would put first', () => {
    const classes = parseTopicClasses('{ "*": { "public": false }, "42": { "public": true } }');
    expect(classes.classOf('42').public).toBe(false);
    expect(classes.isPublic('42')).toBe(false);
  });

  it('finds the patterns whatever braces, colons and escapes stand in the text around them', () => {
    const classes = parseTopicClasses(
      String.raw`{"a{\"[:":{"public":true},"b\u002ec" : {"ttl":1}, "__proto__":{"store":false}}`,
    );
    expect(classes.classOf('a{"[:').public).toBe(true);
    expect(classes.classOf('b.c').ttl).toBe(1);
    expect(classes.classOf('__proto__').store).toBe(false);
  });

  it('section 2: gives a topic that no pattern matches to nobody', () => {
    expect(parseTopicClasses('{"a":{"public":true}}').classOf('b')).toEqual({ public: false });
  });

  it('takes an empty object: no topic is public', () => {
    expect(parseTopicClasses('{}').isPublic('a')).toBe(false);
  });

  it('lists every problem of the file in one TypeError', () => {
    const text = `{
      "a..b": { "public": true },
      "$hub.audit": { "public": true },
      "twice": {}, "twice": { "public": true },
      "typo": { "pubic": true, "__proto__": {} },
      "types": { "public": "yes", "ttl": 0, "store": 1 },
      "half": { "ttl": 1.5 }, "text": { "ttl": "60" }, "huge": { "ttl": 1e999 },
      "none": null, "list": []
    }`;
    const error = catchError(() => parseTopicClasses(text));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message.split('\n')).toEqual([
      '"a..b" is not a legal topic or pattern.',
      `"$hub.audit" starts with $, which is the hub's own.`,
      '"twice" stands there twice.',
      '"typo" has an unknown member "pubic".',
      '"typo" has an unknown member "__proto__".',
      '"types": public is not true or false.',
      '"types": ttl is not a whole number of seconds from 1.',
      '"types": store is not true or false.',
      '"half": ttl is not a whole number of seconds from 1.',
      '"text": ttl is not a whole number of seconds from 1.',
      '"huge": ttl is not a whole number of seconds from 1.',
      '"none" is not an object of public, ttl and store.',
      '"list" is not an object of public, ttl and store.',
    ]);
  });

  it.each(['', '{', '[]', 'null', '"a"', '7'])('refuses the text %j', (text) => {
    expect(() => parseTopicClasses(text)).toThrow(TypeError);
  });
});

describe('isPublic', () => {
  it.each([
    ['{"a.>":{"public":true}}', 'a.*', true],
    ['{"a.>":{"public":true}}', 'a.b', true],
    ['{"a.>":{"public":true}}', '>', false],
    ['{"a.b":{"public":false},"a.>":{"public":true}}', 'a.*', false],
    ['{"a.b":{"public":false},"a.>":{"public":true}}', 'a.c', true],
    ['{"a.b":{"public":true},"a.>":{"public":true}}', 'a.*', true],
    ['{"a.b":{"public":true},"a.>":{"public":false}}', 'a.*', false],
    ['{"a.>":{"public":true},"a.b":{"public":false}}', 'a.>', true],
    ['{">":{"public":true}}', '$hub.audit', false],
    ['{">":{"public":true}}', '>', true],
  ])('section 2: under %s the pattern %s is %s', (text, pattern, expected) => {
    expect(parseTopicClasses(text).isPublic(pattern)).toBe(expected);
  });

  it('section 2: never calls a pattern public that matches a topic which is not', () => {
    let open = 0;
    const entries = fc.uniqueArray(fc.tuple(anyPattern, fc.boolean()), {
      selector: ([pattern]) => pattern,
      maxLength: 5,
    });
    fc.assert(
      fc.property(entries, patternWithTopic, (list, [pattern, topic]) => {
        const legal = list.filter(([each]) => !each.startsWith('$'));
        const text = `{${legal.map(([each, isOpen]) => `${JSON.stringify(each)}:{"public":${isOpen}}`).join()}}`;
        if (!parseTopicClasses(text).isPublic(pattern)) return;
        open += 1;
        expect(legal.find(([each]) => covers(each, topic))?.[1]).toBe(true);
      }),
      { numRuns: 3_000, verbose: 1 },
    );
    expect(open).toBeGreaterThan(100);
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
