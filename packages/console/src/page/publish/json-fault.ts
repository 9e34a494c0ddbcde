/** Where a text stops being JSON. */
export interface JsonFault {
  /** In UTF-16 units, from 0; the length of the text where something is missing at its end. */
  readonly position: number;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** What should stand there, as the end of a sentence. */
  readonly expected: string;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/**
 * The first fault of a text that is to be JSON (RFC 8259), or `undefined` for one that is. `JSON.parse` decides; but each
 * browser words its place in its own way, and one not at all.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    const { position, expected } = locate(text);
    const lines = text.slice(0, position).split('\n');
    return { position, line: lines.length, column: (lines.at(-1) as string).length + 1, expected };
  }
}

interface Place {
  readonly position: number;
  readonly expected: string;
}

// One state for each place between two tokens. A stack and no recursion: a text may be nested deeper than calls may be.
function locate(text: string): Place {
  const open: ('{' | '[')[] = [];
  let position = 0;
  let expected: 'value' | 'value or ]' | 'name' | 'name or }' | ':' | 'more' = 'value';

  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = position;
    const isFound = pattern.test(text);
    if (isFound) position = pattern.lastIndex;
    return isFound;
  };
  // Answers whether it is closed: else the position is where it breaks.
  const skipString = (): boolean => {
    skip(STRING);
    if (text[position] !== '"') return false;
    position += 1;
    return true;
  };

  while (true) {
    skip(SPACE);
    const next = text[position] ?? '';
    if (expected === 'more') {
      const container = open.at(-1);
      if (container === undefined) return { position, expected: 'the end' };
      if (next === ',') expected = container === '{' ? 'name' : 'value';
      else if (next === (container === '{' ? '}' : ']')) open.pop();
      else return { position, expected: container === '{' ? 'a comma or }' : 'a comma or ]' };
      position += 1;
    } else if (expected === ':') {
      if (next !== ':') return { position, expected: 'a colon' };
      position += 1;
      expected = 'value';
    } else if ((expected === 'name or }' && next === '}') || (expected === 'value or ]' && next === ']')) {
      open.pop();
      position += 1;
      expected = 'more';
    } else if (next === '"') {
      if (!skipString()) return { position, expected: 'the rest of a string' };
      expected = expected.startsWith('name') ? ':' : 'more';
    } else if (expected.startsWith('name')) {
      return { position, expected: expected === 'name' ? 'a name in quotes' : 'a name in quotes or }' };
    } else if (next === '{' || next === '[') {
      open.push(next);
      position += 1;
      expected = next === '{' ? 'name or }' : 'value or ]';
    } else if (skip(SCALAR)) expected = 'more';
    else return { position, expected: 'a value' };
  }
}
