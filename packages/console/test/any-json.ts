import fc from 'fast-check';
import { anyText } from '../../../test/any-text.ts';

/** Any JSON value, with names and texts of any code points. */
export const anyJson = (): fc.Arbitrary<unknown> =>
  fc
    .jsonValue({ stringUnit: 'grapheme', maxDepth: 3 })
    // As it arrives: -0 is 0 in JSON, and `__proto__` a name like any other.
    .chain((value) =>
      fc.oneof(fc.constant(value), fc.dictionary(fc.oneof(anyText(), fc.constant('__proto__')), fc.constant(value))),
    )
    .map((value) => JSON.parse(JSON.stringify(value)) as unknown);
