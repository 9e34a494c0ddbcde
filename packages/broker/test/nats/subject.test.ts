import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../../test/any-text.ts';
import { pattern, topic } from '../../../protocol/test/arbitraries.ts';
import {
  ALL_LIVE,
  ALL_STORED,
  ALL_UNSTORED,
  createAddressBook,
  filtersOf,
  PURGES,
  storedSubject,
  toStoredSubject,
  unstoredSubject,
} from '../../src/nats/subject.ts';

// Any text but lone surrogates, which no UTF-8 body can carry; what looks like syntax of a subject more often.
const tenant = fc.oneof(
  fc.constantFrom('default', 'acme', 'a.b', '*', '>', '$', '%24', '$.purge', 'évt', '😀', ' ', '\r\n', 'a*', '>.a'),
  anyText({ minLength: 1, maxLength: 20 }),
);

/** Whether NATS gives a message of `subject` to a subscription of `filter`. */
function meets(filter: string, subject: string): boolean {
  const tokens = subject.split('.');
  const wanted = filter.split('.');
  if (wanted.at(-1) === '>') wanted.pop();
  else if (wanted.length !== tokens.length) return false;
  if (filter.endsWith('>') && tokens.length <= wanted.length) return false;
  return wanted.every((token, at) => token === '*' || token === tokens[at]);
}

describe('subjects', () => {
  it('are other ones for every other tenant and topic, and legal for the server', () => {
    fc.assert(
      fc.property(tenant, topic, tenant, topic, (oneTenant, oneTopic, otherTenant, otherTopic) => {
        const one = storedSubject(oneTenant, oneTopic);
        const same = oneTenant === otherTenant && oneTopic === otherTopic;
        expect(one === storedSubject(otherTenant, otherTopic)).toBe(same);
        expect(one).toMatch(/^evt\.0\.[A-Za-z0-9_%-]+(\.[A-Za-z0-9_%-]+)+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are read back as the tenant and topic that they were made of, stored, republished and unstored', () => {
    const addressOf = createAddressBook();
    fc.assert(
      fc.property(tenant, topic, (whose, what) => {
        const stored = storedSubject(whose, what);
        const address = { tenant: whose, topic: what };
        expect(addressOf(stored)).toEqual(address);
        expect(addressOf(stored.replace(/^evt/, 'live'))).toEqual(address);
        expect(toStoredSubject(stored.replace(/^evt/, 'live'))).toBe(stored);
        expect(addressOf(unstoredSubject(whose, what))).toEqual(address);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of a selection never reach another tenant or the purges, whatever the patterns', () => {
    fc.assert(
      fc.property(
        tenant,
        tenant,
        topic,
        fc.array(fc.oneof(pattern, fc.constantFrom('>', '*', '*.>', '*.*')), { minLength: 1, maxLength: 4 }),
        (reader, owner, what, patterns) => {
          const filters = filtersOf({ tenant: reader, patterns });
          if (reader !== owner) {
            for (const filter of filters) expect(meets(filter, storedSubject(owner, what))).toBe(false);
          }
          for (const filter of filters) expect(meets(filter, PURGES)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(filtersOf({ tenant: '$', patterns: ['>', 'purge'] })).toEqual(['evt.0.%24.>', 'evt.0.%24.purge']);
  });

  it('are asked for once when a pattern stands twice in a selection', () => {
    expect(filtersOf({ tenant: 't', patterns: ['a', 'b.*', 'a'] })).toEqual(['evt.0.t.a', 'evt.0.t.b.*']);
  });

  it('keep stored, republished and unstored apart', () => {
    const subject = storedSubject('t', 'a');
    expect([ALL_STORED, ALL_LIVE, ALL_UNSTORED].map((filter) => meets(filter, subject))).toEqual([true, false, false]);
    expect(meets(ALL_UNSTORED, unstoredSubject('t', 'a'))).toBe(true);
    expect(toStoredSubject(subject)).toBe(subject);
    expect(toStoredSubject(unstoredSubject('t', 'a'))).toBe('eph.0.t.a');
  });

  it.each([
    PURGES,
    'evt.0.$.anything',
    'evt.0.t',
    'evt.0',
    'evt',
    '',
    'evt.0..a',
    'evt.0.t.%zz',
    'evt.0.%zz.a',
    'evt.0.t.%c3',
    'evt.0.t.%41',
    'evt.0.t.a%2eb',
    'evt.0.t.é',
  ])('that nobody encoded have no address: %s', (subject) => {
    expect(createAddressBook()(subject)).toBeUndefined();
  });

  it.each([
    ['a tenant under a second name', 'evt.0.%61cme.a'],
    ['a tenant under a second name, in lower case', 'evt.0.a%2eb.a'],
    ['a wildcard for a topic', 'evt.0.t.*'],
    ['white space in a topic', 'evt.0.t.a%20b'],
    ['a line break in a topic', 'evt.0.t.a%0Ab'],
    ['an empty token in a topic', 'evt.0.t.a..b'],
  ])('that no publisher could have caused have no address: %s', (_, subject) => {
    expect(createAddressBook()(subject)).toBeUndefined();
  });

  it('are remembered, those without an address too, and no more than 10,000', () => {
    const addressOf = createAddressBook();
    const first = addressOf('evt.0.t.a');
    expect(addressOf('evt.0.t.a')).toBe(first);
    for (let at = 1; at < 10_000; at += 1) addressOf(at % 2 === 0 ? `evt.0.t.a${at}` : `evt.0.t.%zz${at}`);
    expect(addressOf('evt.0.t.a')).toBe(first);
    addressOf('evt.0.t.one-too-many');
    // All were forgotten at once: it is read anew, and equal.
    expect(addressOf('evt.0.t.a')).not.toBe(first);
    expect(addressOf('evt.0.t.a')).toEqual(first);
  });
});
