import fc from 'fast-check';

const SURROGATES = 0x800;
const codePoint = fc
  // ASCII, where the syntax is, more often than chance would.
  .oneof(
    { weight: 1, arbitrary: fc.nat({ max: 0x7f }) },
    { weight: 3, arbitrary: fc.nat({ max: 0x10ffff - SURROGATES }) },
  )
  .map((place) => String.fromCodePoint(place < 0xd800 ? place : place + SURROGATES));

/**
 * Text of any code points but surrogates, which no UTF-8 can carry; its lengths count code points.
 * `fc.string({ unit: 'binary' })` gives the same, but first makes a list of all 1.1 million: 1.5 s in every process.
 */
export function anyText(
  lengths: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.string({ unit: codePoint, ...lengths });
}
