import { describe, expect, it } from 'vitest';
import { traceIdOf } from '../src/trace.ts';

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
