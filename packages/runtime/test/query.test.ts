import { TidingsError } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { decodeSegment, parseQuery, refuseUnknown, singleValue } from '../src/query.ts';

function failure(run: () => unknown): TidingsError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TidingsError);
    return error as TidingsError;
  }
  return expect.unreachable() as never;
}

describe('parseQuery', () => {
  it.each<readonly [string, Record<string, string[]>]>([
    ['/v1/stream', {}],
    ['/v1/stream?', {}],
    ['/?&&', {}],
    ['/?a=1', { a: ['1'] }],
    ['/?a', { a: [''] }],
    ['/?a=', { a: [''] }],
    ['/?=1', { '': ['1'] }],
    ['/?a=1&b=2&a=3', { a: ['1', '3'], b: ['2'] }],
    ['/?a=b=c', { a: ['b=c'] }],
    ['/?a=b?c', { a: ['b?c'] }],
    ['/?a+b=c+d%2B', { 'a b': ['c d+'] }],
    ['/?%61=%C3%A4', { a: ['ä'] }],
    ['/?a=%26%3D', { a: ['&='] }],
    ['/?a;b=1', { 'a;b': ['1'] }],
    ['/?__proto__=1&constructor=2', { ['__proto__']: ['1'], constructor: ['2'] }],
  ])('reads %s', (target, expected) => {
    expect([...parseQuery(target)]).toEqual(Object.entries(expected));
  });

  it.each(['/?a=%', '/?a=%zz', '/?a=%ff', '/?%=1', '/?a=%c0%80', '/?a=%ed%a0%80', '/?a=%f'])(
    'hardening section 1: %s is malformed-url',
    (target) => {
      expect(failure(() => parseQuery(target)).code).toBe('malformed-url');
    },
  );

  it('gives back what was encoded, in order', () => {
    const word = anyText();
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word)), (pairs) => {
        const target = `/x?${pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`;
        const query = parseQuery(target);
        for (const [name] of pairs) {
          expect(query.get(name)).toEqual(pairs.filter((pair) => pair[0] === name).map(([, value]) => value));
        }
      }),
    );
  });
});

describe('decodeSegment', () => {
  it('decodes percent-encoding once, and leaves a plus alone', () => {
    expect(decodeSegment('a%2Fb+c%252e')).toBe('a/b+c%2e');
  });

  it.each(['%', '%zz', '%ff', 'a%2'])('hardening section 1: %s is malformed-url', (segment) => {
    expect(failure(() => decodeSegment(segment)).code).toBe('malformed-url');
  });
});

describe('singleValue and refuseUnknown', () => {
  const query = parseQuery('/?a=1&b=1&b=2');

  it('gives the one value, or nothing', () => {
    expect(singleValue(query, 'a')).toBe('1');
    expect(singleValue(query, 'c')).toBeUndefined();
  });

  it('section 5: a parameter that is repeated is invalid-field', () => {
    expect(failure(() => singleValue(query, 'b'))).toMatchObject({
      code: 'invalid-field',
      details: { parameter: 'b' },
    });
  });

  it('section 5: an unknown parameter is named, at no great length', () => {
    expect(() => refuseUnknown(query, ['a', 'b', 'c'])).not.toThrow();
    expect(failure(() => refuseUnknown(query, ['a']))).toMatchObject({
      code: 'unknown-field',
      details: { parameter: 'b' },
    });
    const long = failure(() => refuseUnknown(parseQuery(`/?${'x'.repeat(10_000)}=1`), []));
    expect(long.message.length + (long.details.parameter?.length ?? 0)).toBeLessThan(200);
  });
});
