import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEventName } from '../src/event-name.ts';
import { eventNameLike, isLegalEventName } from './arbitraries.ts';

describe('parseEventName', () => {
  it.each([
    ['a plain name', 'status'],
    ['dots, colons and spaces inside', 'order.shipped: now '],
    ['an emoji', '😀'],
    ['right to left script', 'حالة'],
    ['128 characters', 'a'.repeat(128)],
    ['128 emoji, which are 256 units', '😀'.repeat(128)],
    ['hub without its dot', 'hub'],
    ['a name that goes on after hub', 'hubble'],
    ['hub. in the middle', 'my.hub.x'],
    ['hub. in upper case', 'HUB.x'],
    ['U+2028, which ends no line of a stream', 'a\u2028b'],
    ['a leading no-break space, which the parser keeps', '\u00a0a'],
    ['the name of a field', 'data'],
    ['the name of an unnamed event', 'message'],
  ])('section 2: takes %s', (_, name) => {
    expect(parseEventName(name)).toBe(name);
  });

  it.each([
    ['an empty one', '', 'is empty'],
    ['CR', 'a\rb', 'control character'],
    ['LF', 'a\nb', 'control character'],
    ['LF at the end', 'a\n', 'control character'],
    ['CRLF and a field', 'a\r\ndata: evil', 'control character'],
    ['NUL', '\0', 'control character'],
    ['a tab', '\ta', 'control character'],
    ['DEL', 'a\u007f', 'control character'],
    ['U+0085', 'a\u0085', 'control character'],
    ['a lone high surrogate', 'a\ud83d', 'lone surrogate'],
    ['a lone low surrogate', '\ude00a', 'lone surrogate'],
    ['a leading space, which the parser would eat', ' a', 'starts with a space'],
    ['a space alone', ' ', 'starts with a space'],
    ['129 characters', 'a'.repeat(129), 'longer than 128'],
    ['129 emoji', '😀'.repeat(129), 'longer than 128'],
    ['10 KB', 'a'.repeat(10_240), 'longer than 128'],
    ["one of the hub's", 'hub.hello', "the hub's own"],
    ['any that starts with hub.', 'hub.x', "the hub's own"],
    ['hub. alone', 'hub.', "the hub's own"],
  ])('section 2: refuses %s', (_, name, reason) => {
    expect(() => parseEventName(name, { pointer: '/event' })).toThrow(
      expect.objectContaining({
        code: 'invalid-event-name',
        message: expect.stringContaining(reason),
        details: { pointer: '/event' },
      }),
    );
  });

  it('section 2: takes exactly what the grammar allows', () => {
    fc.assert(
      fc.property(eventNameLike, (name) => {
        let taken = true;
        try {
          parseEventName(name);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-event-name' });
          taken = false;
        }
        expect(taken).toBe(isLegalEventName(name));
      }),
      { numRuns: 3_000 },
    );
  });

  it('never repeats the name in the refusal', () => {
    expect(() => parseEventName('secret\n')).toThrow(/^(?!.*secret)/);
  });
});
