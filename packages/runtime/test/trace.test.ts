import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MOST_TRACESTATE_CHARACTERS,
  parseTraceContext,
  type TraceContext,
  toTraceparent,
  traceIdOf,
} from '../src/trace.ts';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('traceIdOf', () => {
  it.each([`00-${ID}-00f067aa0ba902b7-01`, `00-${ID}-00f067aa0ba902b7-00`, `01-${ID}-00f067aa0ba902b7-01-more`])(
    'section 9: takes the trace id of %s',
    (traceparent) => {
      expect(traceIdOf(traceparent)).toBe(ID);
    },
  );

  it.each([
    undefined,
    '',
    'x',
    ID,
    `00-${ID}`,
    `00-${ID.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${ID}0-00f067aa0ba902b7-01`,
    `00-${ID.slice(1)}g-00f067aa0ba902b7-01`,
    `ff-${ID}-00f067aa0ba902b7-01`,
    `00-${ID}-${'0'.repeat(16)}-01`,
    ` 00-${ID}-00f067aa0ba902b7-01`,
    `00-${ID}\n-00f067aa0ba902b7-01`,
  ])('makes a new one where %j is none', (traceparent) => {
    const first = traceIdOf(traceparent);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(first).not.toBe(ID);
    expect(traceIdOf(traceparent)).not.toBe(first);
  });

  it('section 9: ten thousand new ones are all different, and well-formed', () => {
    const ids = Array.from({ length: 10_000 }, () => traceIdOf(undefined));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });
});

describe('the context of a trace', () => {
  const hex = (digits: number): fc.Arbitrary<string> =>
    fc
      .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
      .map((all) => all.join(''))
      .filter((id) => !/^0+$/.test(id));
  const context: fc.Arbitrary<TraceContext> = fc.record({
    traceId: hex(32),
    spanId: hex(16),
    sampled: fc.boolean(),
    state: fc.constantFrom('', 'a=1', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'),
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(context, (each) => {
        expect(parseTraceContext(toTraceparent(each), each.state)).toEqual(each);
      }),
    );
  });

  it('is nothing, or well-formed, whatever comes in the two headers', () => {
    const near = fc
      .tuple(context.map(toTraceparent), fc.nat(60), fc.string({ maxLength: 3 }))
      .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at));
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), fc.string(), (traceparent, state) => {
        const read = parseTraceContext(traceparent, state);
        if (read === undefined) return;
        expect(toTraceparent(read)).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/);
        // It is written into a header again.
        expect(read.state).toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [`00-${ID}-00f067aa0ba902b7-03`, true],
    [`00-${ID}-00f067aa0ba902b7-02`, false],
    [`cc-${ID}-00f067aa0ba902b7-01-what-the-future-will-be-like`, true],
  ])('is sampled by the last bit of its flags, of later versions too: %s', (traceparent, sampled) => {
    expect(parseTraceContext(traceparent)?.sampled).toBe(sampled);
  });

  it.each([`00-${ID}-00f067aa0ba902b7-01-more`, `cc-${ID}-00f067aa0ba902b7-01.more`])(
    'is none where its version has no more to say: %s',
    (traceparent) => {
      expect(parseTraceContext(traceparent)).toBeUndefined();
    },
  );

  it('leaves a state behind that is too long, and goes on without', () => {
    const long = `a=${'x'.repeat(MOST_TRACESTATE_CHARACTERS)}`;
    expect(parseTraceContext(`00-${ID}-00f067aa0ba902b7-01`, long)).toMatchObject({ traceId: ID, state: '' });
    expect(parseTraceContext(`00-${ID}-00f067aa0ba902b7-01`, long.slice(2))?.state).toHaveLength(
      MOST_TRACESTATE_CHARACTERS,
    );
  });
});
