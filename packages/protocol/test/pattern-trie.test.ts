import { covers } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPatternTrie } from '../src/pattern-trie.ts';

// Few words, so that patterns and topics meet; some that would be special in an object.
const word = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const topic = fc.array(word, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant('*')), { maxLength: 4 }), fc.oneof(word, fc.constantFrom('*', '>')))
  .map(([tokens, last]) => [...tokens, last].join('.'));

function matching(trie: ReturnType<typeof createPatternTrie<string>>, of: string): string[] {
  const found: string[] = [];
  trie.match(of, (member) => found.push(member));
  return found.sort();
}

describe('a pattern trie', () => {
  it('section 2: finds the members of exactly those patterns that cover the topic, whatever came and went before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ pattern, member: fc.constantFrom('x', 'y', 'z'), removed: fc.boolean() }), {
          maxLength: 30,
        }),
        fc.array(topic, { minLength: 1, maxLength: 10 }),
        (entries, topics) => {
          const trie = createPatternTrie<string>();
          const kept = new Set<string>();
          for (const entry of entries) trie.add(entry.pattern, entry.member);
          for (const entry of entries) if (entry.removed) trie.remove(entry.pattern, entry.member);
          const gone = new Set(
            entries.filter(({ removed }) => removed).map((entry) => `${entry.pattern} ${entry.member}`),
          );
          for (const entry of entries) kept.add(`${entry.pattern} ${entry.member}`);
          for (const each of gone) kept.delete(each);
          for (const of of topics) {
            const expected = [...kept].map((each) => each.split(' ')).filter(([wide]) => covers(`${wide}`, of));
            expect(matching(trie, of)).toEqual(expected.map(([, member]) => `${member}`).sort());
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('visits a member of two matching patterns twice, and one that was added twice to a pattern once', () => {
    const trie = createPatternTrie<string>();
    trie.add('a.*', 'x');
    trie.add('a.>', 'x');
    trie.add('a.>', 'x');
    expect(matching(trie, 'a.b')).toEqual(['x', 'x']);
  });

  it('forgives the removal of what is not there', () => {
    const trie = createPatternTrie<string>();
    trie.add('a.b', 'x');
    trie.remove('a.*', 'x');
    trie.remove('a.b.c', 'x');
    trie.remove('a', 'x');
    trie.remove('a.b', 'y');
    expect(matching(trie, 'a.b')).toEqual(['x']);
  });
});
