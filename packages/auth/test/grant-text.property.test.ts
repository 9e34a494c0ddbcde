import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { ANONYMOUS, type Grant } from '../src/grant.ts';
import { encodeGrant, parseGrant } from '../src/grant-text.ts';
import { anyPattern } from './arbitraries.ts';

const anyName = fc.oneof(anyText({ minLength: 1 }), fc.constantFrom('\ud800', '__proto__', 'a.b'));
const anyMoment = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
const anyGrant: fc.Arbitrary<Grant> = fc.record({
  user: fc.option(anyName, { nil: undefined }),
  tenant: fc.constantFrom('default', 'acme', 'é'.repeat(32), '__proto__', '$x'),
  subscribe: fc.array(anyPattern, { maxLength: 4 }),
  publish: fc.array(anyPattern, { maxLength: 4 }),
  admin: fc.boolean(),
  tokenId: fc.option(anyName, { nil: undefined }),
  issuedAtSec: fc.option(anyMoment, { nil: undefined }),
  expiresAtSec: anyMoment,
});

describe('the text of a grant', () => {
  it('section 3: gives back the very grant that it was made of', () => {
    fc.assert(
      fc.property(anyGrant, (grant) => {
        expect(parseGrant(encodeGrant(grant))).toEqual(grant);
      }),
      { numRuns: 1_000, verbose: 1 },
    );
  });

  it('is never made of the grant of those who come without a token', () => {
    expect(() => encodeGrant(ANONYMOUS)).toThrow(TypeError);
  });

  it.each([
    '',
    'x',
    'null',
    '7',
    '"text"',
    '[]',
    '{}',
    '{"exp":null}',
    '{"exp":1,"sub":7}',
    '{"exp":1,"tenant":"a.b"}',
    '{"exp":1,"tidings":{"subscribe":["a..b"]}}',
    '{"exp":1,"tidings":{"admin":1}}',
    '{"exp":1',
  ])('of %j is nothing made: it is checked as claims are', (text) => {
    expect(parseGrant(text)).toBeUndefined();
  });
});
