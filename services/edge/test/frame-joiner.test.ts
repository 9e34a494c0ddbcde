import { describe, expect, it } from 'vitest';
import { createFrameJoiner } from '../src/frame-joiner.ts';

const A = Buffer.from('a');
const B = Buffer.from('bb');
const C = Buffer.from('c');

describe('createFrameJoiner', () => {
  it('joins frames in their order', () => {
    expect(createFrameJoiner().join([A, B, C], 4).toString()).toBe('abbc');
  });

  it('gives the same list one buffer, and no other list the same', () => {
    const joiner = createFrameJoiner();
    const first = joiner.join([A, B], 3);
    expect(joiner.join([A, B], 3)).toBe(first);
    for (const other of [[B, A], [A], [A, B, C], [A, Buffer.from('bb')]]) {
      const bytes = other.reduce((sum, { length }) => sum + length, 0);
      const joined = joiner.join(other, bytes);
      expect(joined).not.toBe(first);
      expect(joined.toString()).toBe(other.join(''));
    }
  });

  it('remembers the last few lists, so that two kinds of connections do not drive each other out', () => {
    const joiner = createFrameJoiner();
    const first = joiner.join([A, B], 3);
    const second = joiner.join([B, C], 3);
    expect(joiner.join([A, B], 3)).toBe(first);
    expect(joiner.join([B, C], 3)).toBe(second);
    for (let each = 0; each < 10; each += 1) joiner.join([A, C, Buffer.from('x')], 3);
    expect(joiner.join([A, B], 3)).not.toBe(first);
  });

  it('holds on to nothing once it was cleared', () => {
    const joiner = createFrameJoiner();
    const first = joiner.join([A, B], 3);
    joiner.clear();
    expect(joiner.join([A, B], 3)).not.toBe(first);
  });
});
