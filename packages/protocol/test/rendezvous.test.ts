import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseCell } from '../src/rendezvous.ts';

const cells = (count: number): string[] => Array.from({ length: count }, (_, at) => `eu-${at + 1}`);
const keys = (count: number): string[] => Array.from({ length: count }, (_, at) => `tenant-${at}`);

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 20 });
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

describe('the cell of a key', () => {
  it('ADR 0030: is what a router in another language comes to', () => {
    const chosen = ['acme', 'big', 'default', 'Zürich', '用户', 'user-1', 'user-2'].map((each) => [
      each,
      chooseCell(cells(3), each),
    ]);
    expect(chosen).toEqual([
      ['acme', 'eu-3'],
      ['big', 'eu-2'],
      ['default', 'eu-3'],
      ['Zürich', 'eu-3'],
      ['用户', 'eu-2'],
      ['user-1', 'eu-2'],
      ['user-2', 'eu-1'],
    ]);
  });

  it('is one of the cells, and the same whatever their order', () => {
    fc.assert(
      fc.property(names, key, fc.nat(), (each, text, turn) => {
        const turned = each.map((_, at) => each[(at + turn) % each.length] as string);
        expect(each).toContain(chooseCell(each, text));
        expect(chooseCell(turned.reverse(), text)).toBe(chooseCell(each, text));
      }),
    );
  });

  it('changes with a cell more only to that cell, and with a cell less only from that one', () => {
    fc.assert(
      fc.property(names, name, key, (each, more, text) => {
        const before = chooseCell(each, text);
        const after = chooseCell([...new Set([...each, more])], text);
        if (after !== before) expect(after).toBe(more);
      }),
    );
  });

  it.each([2, 3, 5, 16])('is spread evenly over %i cells, and a cell more takes its share', (count) => {
    const all = keys(50_000);
    const counts = new Map<string, number>();
    let moved = 0;
    for (const each of all) {
      const chosen = chooseCell(cells(count), each);
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
      if (chooseCell(cells(count + 1), each) !== chosen) moved += 1;
    }
    const even = all.length / count;
    expect(counts.size).toBe(count);
    // Chance alone makes 1.7% at sixteen cells.
    for (const held of counts.values()) expect(Math.abs(held / even - 1)).toBeLessThan(0.06);
    expect(Math.abs((moved / all.length) * (count + 1) - 1)).toBeLessThan(0.06);
  });

  it('is a mistake to ask for without cells', () => {
    expect(() => chooseCell([], 'acme')).toThrow(TypeError);
  });
});
