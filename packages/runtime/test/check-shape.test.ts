import { TidingsError } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkShape, type FaultPlace } from '../src/check-shape.ts';

const schema = z.strictObject({ a: z.int().optional(), list: z.array(z.strictObject({ b: z.string() })).optional() });

function fault(value: unknown, place: FaultPlace = 'pointer'): TidingsError {
  try {
    checkShape(schema, value, place);
  } catch (error) {
    expect(error).toBeInstanceOf(TidingsError);
    return error as TidingsError;
  }
  return expect.unreachable() as never;
}

describe('checkShape', () => {
  it('gives back what fits', () => {
    expect(checkShape(schema, { a: 1 }, 'pointer')).toEqual({ a: 1 });
  });

  it.each([
    [{ x: 1 }, 'unknown-field', '/x'],
    [{ 'a/b~c': 1 }, 'unknown-field', '/a~1b~0c'],
    [JSON.parse('{"__proto__":1}'), 'unknown-field', '/__proto__'],
    [{ a: 'x' }, 'invalid-field', '/a'],
    [{ list: [{ b: 'x' }, { b: 1 }] }, 'invalid-field', '/list/1/b'],
    [{ list: [{ b: 'x', c: 1 }] }, 'unknown-field', '/list/0/c'],
    [[], 'invalid-field', ''],
    [null, 'invalid-field', ''],
    ['x', 'invalid-field', ''],
  ])('section 5: %j is %s at "%s"', (value, code, pointer) => {
    expect(fault(value)).toMatchObject({ code, details: { pointer } });
  });

  it('names a parameter where the value came by query', () => {
    expect(fault({ a: 'x' }, 'parameter').details).toEqual({ parameter: 'a' });
    expect(fault({ x: 'x' }, 'parameter').details).toEqual({ parameter: 'x' });
  });

  it('echoes only the beginning of a hostile name', () => {
    const { message, details } = fault({ ['x'.repeat(10_000)]: 1 });
    expect(message.length + (details.pointer?.length ?? 0)).toBeLessThan(200);
  });
});
