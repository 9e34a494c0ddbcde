import { isEventName, isTopic } from '@tidings/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText } from '../../../../test/any-text.ts';
import { parseHooksFile } from '../../src/hook/hooks-file.ts';
import { toRule } from '../../src/hook/open-hooks.ts';
import { applyRule, isIgnored } from '../../src/hook/rule.ts';

const RULES = [
  { topic: '{/a}', event: '{/b}', id: '{/c}' },
  { topic: 'ci.{/a}.{header:x-kind}-{/b/0}', id: '{/c}{/a}', data: '/b' },
  { topic: 'user.{/a/b}', event: 'x.{header:x-kind}', data: '/c' },
].map((rule) => {
  const hook = { name: 'h', provider: 'stripe', secret: { env: 'S' }, ...rule };
  return toRule(parseHooksFile(JSON.stringify({ hooks: [hook] }))[0] as never);
});

// Texts that mean something to topics, to pointers and to objects, and any others.
const text = fc.oneof(
  anyText({ maxLength: 12 }),
  fc.constantFrom(
    '',
    '.',
    '*',
    '>',
    '$hub',
    '$hub.audit',
    '%',
    'a.b',
    '__proto__',
    'hub.bye',
    'x'.repeat(300),
    '\ud800',
  ),
);
const leaf = fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null));
const { body } = fc.letrec((tie) => ({
  body: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('body'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '0', '__proto__', 'constructor'), tie('body'), { maxKeys: 5 }),
  ),
}));
// Mostly of the shape that the rules are made for.
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>('main', 'a.b', '$hub', '*', 'ü %', 17, true) },
  { weight: 1, arbitrary: leaf },
);
const fitting = fc.record({
  a: fc.oneof(value, fc.record({ b: value })),
  b: fc.oneof(value, fc.tuple(value)),
  c: value,
});
const kind = fc.record({ 'x-kind': fc.oneof(text, fc.constant('push')) });
const delivery = fc.record({
  body: fc.oneof({ weight: 3, arbitrary: fitting }, { weight: 1, arbitrary: body }),
  headers: fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: kind }),
});

test('whatever comes is an event that may be published, of as many tokens as its template has, or is ignored', () => {
  let mapped = 0;
  fc.assert(
    fc.property(fc.constantFrom(...RULES), delivery, (rule, given) => {
      const before = JSON.stringify(given);
      const found = applyRule(rule, given);
      expect(JSON.stringify(given)).toBe(before);
      if (isIgnored(found)) {
        expect(found.ignored).toMatch(/\.$/);
        return;
      }
      mapped += 1;
      expect(isTopic(found.topic)).toBe(true);
      expect(found.topic.split('.')).toHaveLength(rule.topic.literals.join('x').split('.').length);
      expect(found.topic.startsWith('$')).toBe(false);
      if (found.event !== undefined) expect(isEventName(found.event)).toBe(true);
      expect(found.id).not.toBe('');
      expect(found.data).not.toBe(undefined);
    }),
    { numRuns: 500 },
  );
  // Else it would show nothing.
  expect(mapped).toBeGreaterThan(10);
});
