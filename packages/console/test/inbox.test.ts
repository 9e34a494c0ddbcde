import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { parseInboxAddress, toInboxAddress, toInboxPath, toReadPath } from '../src/page/inbox/inbox-address.ts';
import {
  describeRows,
  formatUnread,
  hasUnread,
  readUpTo,
  toGlimpse,
  toInboxFault,
  toInboxView,
} from '../src/page/inbox/inbox-list.ts';
import { anyJson } from './any-json.ts';

const COUNT = { unread: 1, at: '3f.2.aaaa', upTo: '3f.0.aaaa', revision: 0 };

describe('the user in the address', () => {
  test.each(['alice', 'a&b=#?é token=1', '<b>/../x', ''])(
    '%j comes out of it as it went in, and can not be taken for a token',
    (user) => {
      expect(parseInboxAddress(toInboxAddress(user))).toBe(user);
      expect(toInboxAddress(user)).not.toContain('token=');
    },
  );

  test('is of this page alone', () => {
    expect(parseInboxAddress('#/sessions?user=alice')).toBeUndefined();
    expect(parseInboxAddress('#/inboxes')).toBeUndefined();
    expect(toInboxAddress('')).toBe('#/inbox');
  });

  test('is one part of the path that is asked', () => {
    expect(toInboxPath('a/b?c', '')).toBe('/v1/users/a%2Fb%3Fc/inbox?limit=20');
    expect(toInboxPath('alice', '3f.k.lozb')).toBe('/v1/users/alice/inbox?limit=20&before=3f.k.lozb');
    expect(toReadPath('a/b')).toBe('/v1/users/a%2Fb/inbox/read');
  });
});

describe('a page of an inbox', () => {
  test('says how many are not read, and that there are more than were counted', () => {
    expect(formatUnread({ unread: 1_000, more: true })).toBe('1,000+');
    expect(formatUnread({ unread: 1_000 })).toBe('1,000');
    // Single events that are read before the oldest unread one may be all that was looked at.
    expect([{ unread: 0 }, { unread: 0, more: true as const }, { unread: 1 }].map(hasUnread)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('says up to where everything is read, which is nowhere before the first event', () => {
    expect(readUpTo({ upTo: '0.1z.aaaa' })).toBe('0.1z.aaaa');
    expect(readUpTo({ upTo: '3f.0.aaaa' })).toBeUndefined();
  });

  test('has a row for each event, in its order, and says whether there are older ones', () => {
    const time = '2026-11-29T01:00:00.000Z';
    const events = [
      { id: '3f.2.aaaa', time, event: 'mail\u202egnp', data: { a: 1 }, read: false },
      { id: '3f.1.aaaa', time, data: 'hello', read: true },
    ];
    const view = toInboxView({ ...COUNT, events, next: '3f.1.aaaa' });
    expect(view).toEqual({
      count: COUNT,
      rows: [
        { id: '3f.2.aaaa', time, name: 'mail\\u202egnp', glimpse: '{"a":1}', isRead: false },
        { id: '3f.1.aaaa', time, name: undefined, glimpse: 'hello', isRead: true },
      ],
      next: '3f.1.aaaa',
    });
    expect(describeRows(view)).toBe('2 events, and older ones');
    expect(describeRows(toInboxView({ ...COUNT, events: events.slice(1) }))).toBe('1 event');
  });

  test('what is wrong with the user is said beside the field, and anything else for all', () => {
    const faultOf = (status: number, body?: object): unknown => toInboxFault({ ok: false, status, body });
    const problem = { code: 'invalid-user', detail: 'It is too long.', parameter: 'user' };
    expect(faultOf(422, problem)).toEqual({ isOfUser: true, text: 'It is too long. (invalid-user)' });
    expect(faultOf(410, { ...problem, code: 'cursor-gone', parameter: 'before' })).toMatchObject({ isOfUser: false });
    expect(faultOf(502)).toEqual({ isOfUser: false, text: 'The hub gave no reason. (502)' });
  });
});

describe('a glimpse of data', () => {
  test('is what stands there where that is short', () => {
    expect(toGlimpse('<b onclick="x">It’s\n“Ω” 😀</b>')).toBe('<b onclick="x">It’s\n“Ω” 😀</b>');
    expect(toGlimpse(null)).toBe('null');
    expect(toGlimpse({ a: ['é'] })).toBe('{"a":["é"]}');
  });

  test('is short, whole in its characters, and reads as it is, whatever was published', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyJson(),
          anyText(),
          anyText().map((text) => text.repeat(100)),
        ),
        (data) => {
          const glimpse = toGlimpse(data);
          expect(glimpse.length).toBeLessThanOrEqual(161 * 6);
          expect(glimpse).not.toMatch(/[\x7f-\x9f\u2028\u2029\p{Bidi_Control}]|[^\P{Cc}\t\n\r]/u);
        },
      ),
    );
    expect(toGlimpse(`\0\x1b\x9b2J\u202e${'x'.repeat(1_000_000)}`)).toBe(
      `\\u0000\\u001b\\u009b2J\\u202e${'x'.repeat(154)}…`,
    );
    expect(toGlimpse('😀'.repeat(81))).toBe(`${'😀'.repeat(80)}…`);
    expect(toGlimpse(`x${'😀'.repeat(81)}`)).toBe(`x${'😀'.repeat(79)}…`);
    expect(toGlimpse(Array(1_000).fill('ab'))).toHaveLength(161);
  });

  test('is a note where it is nested deeper than can be written', () => {
    let data: unknown = [];
    for (let level = 0; level < 100_000; level += 1) data = [data];
    expect(toGlimpse(data)).toMatch(/nested too deep/);
  });
});
