import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSubject, toTopic } from '../src/subject.ts';
import { pattern, topic } from './arbitraries.ts';

describe('toSubject', () => {
  it('section 2: encodes every byte outside [A-Za-z0-9_-] as %XX in upper-case hex', () => {
    expect(toSubject('orders.42')).toBe('orders.42');
    expect(toSubject('A-z_09')).toBe('A-z_09');
    expect(toSubject('a/b:c')).toBe('a%2Fb%3Ac');
    expect(toSubject('é.日')).toBe('%C3%A9.%E6%97%A5');
    expect(toSubject('😀')).toBe('%F0%9F%98%80');
    expect(toSubject('a.%2e')).toBe('a.%252e');
    expect(toSubject('user.%2A')).toBe('user.%252A');
    expect(toSubject('a.$SYS')).toBe('a.%24SYS');
    expect(toSubject("!~'()")).toBe('%21%7E%27%28%29');
    expect(toSubject('a\x01')).toBe('a%01');
  });

  it('section 2: keeps wildcards where they are whole tokens', () => {
    expect(toSubject('orders.*')).toBe('orders.*');
    expect(toSubject('*.é.>')).toBe('*.%C3%A9.>');
    expect(toSubject('>')).toBe('>');
  });

  it('never lets > out of the last place, where NATS would read the rest as matched', () => {
    expect(toSubject('>.a')).toBe('%3E.a');
    expect(toSubject('a*.b>')).toBe('a%2A.b%3E');
  });

  it('section 2: gives text that is safe in a subject, with as many tokens as the topic', () => {
    fc.assert(
      fc.property(fc.oneof(topic, pattern), (text) => {
        const subject = toSubject(text);
        expect(subject).toMatch(/^[A-Za-z0-9_%.*>-]+$/);
        expect(subject.split('.')).toHaveLength(text.split('.').length);
        expect(subject.split('.').every((token) => token === '*' || token === '>' || !/[*>]|^$/.test(token))).toBe(
          true,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('section 2: never gives two topics one subject', () => {
    // Near misses: the same topic with one character written another way.
    const near = topic.chain((text) =>
      fc.tuple(
        fc.constant(text),
        fc.oneof(
          topic,
          fc.constantFrom(
            text.toUpperCase(),
            text.toLowerCase(),
            text.normalize('NFD'),
            text.normalize('NFC'),
            text.replace('%', '%25'),
            text.replace(/%2e/i, '%2E'),
            `${text}a`,
          ),
        ),
      ),
    );
    fc.assert(
      fc.property(near, ([one, other]) => {
        expect(toSubject(one) === toSubject(other)).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });

  it('section 2: never gives a topic the subject of a pattern', () => {
    fc.assert(
      fc.property(topic, (text) => {
        expect(toSubject(text)).not.toMatch(/[*>]/);
      }),
    );
  });
});

describe('toTopic', () => {
  it('section 2: is the inverse of toSubject', () => {
    fc.assert(
      fc.property(fc.oneof(topic, pattern), (text) => {
        expect(toTopic(toSubject(text))).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['an escape that is cut', 'a%2'],
    ['an escape that is no hex', 'a%zz'],
    ['bytes that are no UTF-8', 'a%FF'],
    ['an overlong form', '%C0%AE'],
    ['a surrogate in UTF-8', '%ED%A0%80'],
    ['lower-case hex', 'a%2f'],
    ['an escape that was not needed', '%61'],
    ['an encoded dot', 'a%2Eb'],
    ['an encoded *', '%2A'],
    ['an encoded > in the last place', 'a.%3E'],
    ['a character that needed an escape', 'a/b'],
    ['a character outside ASCII', 'é'],
  ])('refuses %s, so that a topic has one subject only', (_, subject) => {
    expect(() => toTopic(subject)).toThrow(expect.objectContaining({ code: 'invalid-topic' }));
  });

  it('gives back nothing but topics whose subject it was, whatever the text', () => {
    const scrap = fc.constantFrom('a', '%', '%2', '%2E', '%61', '%C3', '%A9', '%c3%a9', '.', '*', '>', 'é', '%25', '/');
    const subjectLike = fc.array(scrap, { maxLength: 6 }).map((scraps) => scraps.join(''));
    fc.assert(
      fc.property(subjectLike, (subject) => {
        let text: string;
        try {
          text = toTopic(subject);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-topic' });
          return;
        }
        expect(toSubject(text)).toBe(subject);
      }),
      { numRuns: 1_000 },
    );
  });
});
