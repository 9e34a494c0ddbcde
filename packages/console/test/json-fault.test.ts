import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonFault } from '../src/page/publish/json-fault.ts';
import { anyJson } from './any-json.ts';

describe('the fault of a text that is to be JSON', () => {
  test.each([
    ['', 1, 1, 'a value'],
    ['{', 1, 2, 'a name in quotes or }'],
    ['{"a":1,}', 1, 8, 'a name in quotes'],
    ['[1,]', 1, 4, 'a value'],
    ['[1\n  2]', 2, 3, 'a comma or ]'],
    ['{"a" 1}', 1, 6, 'a colon'],
    ['{"a":1 "b"', 1, 8, 'a comma or }'],
    ['"a', 1, 3, 'the rest of a string'],
    ['"\\x"', 1, 2, 'the rest of a string'],
    ['"a\nb"', 1, 3, 'the rest of a string'],
    ['01', 1, 2, 'the end'],
    ['[1]]', 1, 4, 'the end'],
    ['tru', 1, 1, 'a value'],
    ["{'a':1}", 1, 2, 'a name in quotes or }'],
  ])('%j breaks at %i:%i, where %s is expected', (text, line, column, expected) => {
    expect(findJsonFault(text)).toMatchObject({ line, column, expected });
  });

  test('there is one whenever JSON.parse refuses, and not before what was made wrong', () => {
    const cut = fc.tuple(anyJson(), fc.nat(), fc.constantFrom('', '}', ']', ',', ':', '"', '\\', '1', ' ', '\u0001'));
    fc.assert(
      fc.property(cut, ([value, place, inserted]) => {
        const json = JSON.stringify(value, null, 1);
        const at = place % (json.length + 1);
        const text = json.slice(0, at) + inserted + json.slice(at + 1);
        const fault = findJsonFault(text);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(fault === undefined).toBe(isJson);
        if (fault === undefined) return;
        const { position, line, column } = fault;
        const lines = text.split('\n').slice(0, line);
        expect(lines.slice(0, -1).reduce((sum, { length }) => sum + length + 1, column - 1)).toBe(position);
        // What stands before the change begins a JSON text: a fault within it is that of a token that the change cut.
        expect(position).toBeGreaterThanOrEqual(json.slice(0, at).search(/[^\s,:[\]{}"]*$/));
      }),
    );
  });

  test('is found however deep a text is nested', () => {
    expect(findJsonFault('['.repeat(100_000))?.position).toBe(100_000);
  });
});
