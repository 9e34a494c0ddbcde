import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toJsonText } from '../src/json-text.ts';
import { toJsonLine, toPrettyLine } from '../src/tail/event-line.ts';

const DEPTH = 20_000;
const nest = (value: unknown): unknown => {
  let whole = value;
  for (let depth = 0; depth < DEPTH; depth += 1) whole = depth % 2 === 0 ? [whole] : { in: whole };
  return whole;
};
const around = (text: string): string => `${'{"in":['.repeat(DEPTH / 2)}${text}${']}'.repeat(DEPTH / 2)}`;

test('whatever JSON says is written as the engine would, however deep it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(toJsonText(value)).toBe(text);
      expect(toJsonText(nest(value))).toBe(around(text));
    }),
    { numRuns: 30 },
  );
  expect(toJsonText(nest({ left: undefined, name: 'x"\n' }))).toBe(around('{"name":"x\\"\\n"}'));
});

test('a line of an event is never too deep to be printed', () => {
  const event = { id: undefined, topic: 'a', event: undefined, time: 'now', data: nest(1) };
  expect(toJsonLine(event)).toBe(`{"topic":"a","time":"now","data":${around('1')}}`);
  expect(toPrettyLine(event, (_style, text) => text)).toBe(`now  a  -  ${around('1')}`);
});
