import { isToken, isTopic, toUserTopic } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../../test/any-text.ts';
import { fillTemplate, parseTemplate } from '../../src/hook/template.ts';
import { toOwnTopic, toTopicToken } from '../../src/hook/topic-token.ts';

const fill = (text: string, body: unknown, headers: Record<string, string> = {}) =>
  fillTemplate(parseTemplate(text), { body, headers });

describe('a template', () => {
  it('puts in texts, numbers and booleans from the body, and headers of any case', () => {
    const body = { run: { id: 17, ok: true }, 'a/b': 'x' };
    expect(fill('ci.{/run/id}-{/run/ok}.{/a~1b}.{header:X-Kind}', body, { 'x-kind': 'push' })).toEqual({
      text: 'ci.17-true.x.push',
    });
    expect(fill('plain', body)).toEqual({ text: 'plain' });
  });

  it('puts in no number that JSON has read as its neighbour, or as none: two customers are never one', () => {
    const read = (text: string) => fill('user.{/id}', JSON.parse(`{"id":${text}}`));
    expect(read('9007199254740991')).toEqual({ text: 'user.9007199254740991' });
    for (const text of ['9007199254740993', '-9007199254740993', '1e400'])
      expect(read(text)).toEqual({ missing: '/id' });
  });

  it.each([null, '', {}, [], undefined])('names the place where %j stands, which is no value', (value) => {
    expect(fill('a.{/b}.{/c}', { b: 'x', c: value })).toEqual({ missing: '/c' });
  });

  it('takes no header from what all objects inherit', () => {
    expect(fill('{header:constructor}', {})).toEqual({ missing: 'header:constructor' });
  });

  it.each([
    ['a.{/b', 'has a brace without its other one'],
    ['a}', 'has a brace without its other one'],
    ['{{/a}}', 'has a brace without its other one'],
    ['{a}', 'has {a}, which is no JSON pointer: one begins with /'],
    ['{/a~}', 'has {/a~}, which is no JSON pointer: ~ stands there only as ~0 or ~1'],
    ['{header:}', 'has {header:}, which is not the name of a header'],
    ['{header:a b}', 'has {header:a b}, which is not the name of a header'],
  ])('%j is none: it %s', (text, fault) => {
    expect(() => parseTemplate(text)).toThrow(new TypeError(fault));
  });

  it('has its values between its texts, whatever either is', () => {
    const literal = anyText({ maxLength: 6 }).map((text) => text.replace(/[{}]/g, ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(literal, anyText({ minLength: 1, maxLength: 6 })), { maxLength: 5 }), (parts) => {
        const text = parts.map(([before], place) => `${before}{/${place}}`).join('');
        const values = parts.map(([, value]) => value);
        expect(fill(text, values)).toEqual({ text: parts.map(([before, value]) => before + value).join('') });
      }),
    );
  });
});

describe('a value in a topic', () => {
  it.each([
    ['feature/x.y', 'feature/x%2Ey'],
    ['a b\u2028', 'a%20b%E2%80%A8'],
    ['*>%', '%2A%3E%25'],
    ['é😀\0', 'é😀%00'],
    ['\ud800', '%EF%BF%BD'],
  ])('%j becomes %j', (value, token) => {
    expect(toTopicToken(value)).toBe(token);
  });

  it('is one token, from which the value can be read again: two values never share a topic', () => {
    fc.assert(
      fc.property(anyText({ minLength: 1, maxLength: 40 }), (value) => {
        const token = toTopicToken(value);
        expect(isToken(token)).toBe(true);
        expect(decodeURIComponent(token)).toBe(Buffer.from(value).toString());
        expect(isTopic(toOwnTopic(token))).toBe(Buffer.byteLength(toOwnTopic(token)) <= 255);
      }),
    );
  });

  it('contract section 2: is what a user has in user.<id>', () => {
    for (const user of ['alice', 'a.b', 'x*>%', '$a', '日本'])
      expect(`user.${toTopicToken(user)}`).toBe(toUserTopic(user));
  });
});
