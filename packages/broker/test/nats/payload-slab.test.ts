import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadSlab } from '../../src/nats/payload-slab.ts';

describe('payloads in one piece of memory', () => {
  it('are copies that nothing changes, whatever comes after them', () => {
    const sizes = fc.oneof(fc.nat(300), fc.nat(10_000), fc.constantFrom(8_191, 8_192, 8_193));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), sizes), { maxLength: 60 }), (pieces) => {
        const slab = new PayloadSlab();
        const kept = pieces.map(([start, length], at) => {
          // The header and the payload of each are of bytes that no other has.
          const bytes = Buffer.concat([Buffer.alloc(start, 255 - at), Buffer.alloc(length, at)]);
          const payload = slab.keep(bytes, start);
          bytes.fill(254);
          return payload;
        });
        for (const [at, payload] of kept.entries()) {
          expect(payload.length).toBe(pieces[at]?.[1]);
          expect(payload.every((byte) => byte === at)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('find room for what stands before them in the buffer that they come in, also at the end of a piece', () => {
    const slab = new PayloadSlab();
    const texts = Array.from({ length: 1_000 }, (_, at) => `${at} ${'x'.repeat(100)}`);
    const kept = texts.map((text) => slab.keep(Buffer.from(`${'h'.repeat(500)}${text}`), 500));
    expect(kept.map(String)).toEqual(texts);
  });

  it('share memory while they are small', () => {
    const slab = new PayloadSlab();
    const [one, two] = [slab.keep(Buffer.from('head one'), 5), slab.keep(Buffer.from('head two'), 5)];
    expect([one.toString(), two.toString()]).toEqual(['one', 'two']);
    expect(one.buffer).toBe(two.buffer);
  });
});
