import { mayPublish, maySubscribe, parseClaims } from '@tidings/auth';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeRights, judgeTopic, toRights } from '../src/page/tokens/token-rights.ts';

const token = fc.constantFrom('a', 'b', 'user', 'a.b', '$hub', 'audit', '*', '>', 'ü', '', 'x y', 'a%2Eb');
const pattern = fc
  .oneof(
    fc.array(token, { minLength: 1, maxLength: 4 }),
    fc.constant(['$hub', 'audit']),
    fc.constant(['user', 'a', 'b']),
  )
  .map((tokens) => tokens.join('.'));
const claims = fc.record(
  {
    sub: fc.constantFrom('a', 'a.b', 'x y', 'ü', '>'),
    tidings: fc.record(
      {
        subscribe: fc.array(pattern, { maxLength: 3 }),
        publish: fc.array(pattern, { maxLength: 3 }),
        admin: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

describe('the rights of a token', () => {
  test('are those that the hub gives it, for each topic and pattern', () => {
    let taken = 0;
    fc.assert(
      fc.property(claims, pattern, (given, topic) => {
        const rights = toRights(given as Parameters<typeof toRights>[0]);
        const grant = parseClaims({ ...given, exp: 1 });
        // The hub refuses the whole token for one pattern that is none.
        expect(rights.faults.length === 0).toBe(grant !== undefined);
        if (grant === undefined) return;
        taken += 1;
        expect(judgeTopic(rights, topic) ?? { subscribe: false, publish: false }).toEqual({
          subscribe: maySubscribe(grant, topic),
          publish: mayPublish(grant, topic),
        });
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });

  test('are told as sentences', () => {
    const rights = toRights({ sub: 'alice', tidings: { subscribe: ['a', 'b.>'], publish: ['a'] } });
    expect(describeRights(rights)).toEqual([
      'It is of the user alice, in the tenant default.',
      'It may subscribe to a, b.>, user.alice and user.alice.>.',
      'It may publish to a.',
      'It is no admin’s.',
    ]);
    expect(describeRights(toRights({ tenant: 'acme', tidings: { admin: true } })).slice(0, 3)).toEqual([
      'It is of no user, in the tenant acme.',
      'It may subscribe to nothing.',
      'It may publish nothing.',
    ]);
  });

  test('name what is no pattern, and what has the wrong type', () => {
    const claims = { tidings: { subscribe: ['a', 'a..b', 3], publish: 'a', admin: 'yes' } } as unknown;
    expect(toRights(claims as Parameters<typeof toRights>[0]).faults).toEqual([
      'tidings.subscribe has no topic or pattern: "a..b".',
      'tidings.subscribe has no topic or pattern: 3.',
      'tidings.publish is no list.',
      'tidings.admin is neither true nor false.',
    ]);
  });
});
