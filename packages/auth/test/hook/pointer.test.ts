import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePointer, valueAt } from '../../src/hook/pointer.ts';

// The document and the values of RFC 6901 section 5.
const DOCUMENT = JSON.parse(
  '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}',
);

const keyPiece = fc.constantFrom('a', '~', '/', '~0', '~1', '0', '-', '', '__proto__', 'length', 'é', '\ud800');
const key = fc.array(keyPiece, { maxLength: 4 }).map((pieces) => pieces.join(''));

describe('a JSON pointer', () => {
  it.each([
    ['', DOCUMENT],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/foo/00', undefined],
    ['/foo/-', undefined],
    ['/foo/2', undefined],
    ['/foo/length', undefined],
    ['/foo/0/0', undefined],
    ['/a~01b', undefined],
    ['/toString', undefined],
    ['/__proto__', undefined],
    ['//x', undefined],
  ])('RFC 6901 section 5: %j refers to %j', (text, value) => {
    expect(valueAt(DOCUMENT, parsePointer(text))).toEqual(value);
  });

  it.each(['foo', '#/foo', '/~', '/~2', '/a~'])('%j is none', (text) => {
    expect(() => parsePointer(text)).toThrow(/^is no JSON pointer/);
  });

  it('finds every value of every document, by the names on the way to it escaped', () => {
    const document = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.array(fc.tuple(key, tie('node')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
      ),
    })).node;
    const check = (root: unknown, node: unknown, path: string): void => {
      expect(valueAt(root, parsePointer(path))).toBe(node);
      if (typeof node !== 'object' || node === null) return;
      for (const [name, child] of Object.entries(node)) {
        check(root, child, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
      }
      expect(valueAt(root, parsePointer(`${path}/not there`))).toBeUndefined();
    };
    fc.assert(
      fc.property(document, (root) => check(root, root, '')),
      { numRuns: 60 },
    );
  });
});
