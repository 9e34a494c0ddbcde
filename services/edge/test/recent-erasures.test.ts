import type { Message } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { Item } from '../src/item.ts';
import { createRecentErasures } from '../src/recent-erasures.ts';

const itemOf = (seq: number, topic: string, tenant = 'default'): Item =>
  new Item({ seq, tenant, topic } as Message, 'epoch');
const of = (...patterns: string[]): { tenant: string; patterns: string[] } => ({ tenant: 'default', patterns });

describe('recent erasures', () => {
  it('hide what was erased since, of its tenant and topics and up to its place, and nothing that was read afterwards', () => {
    const erasures = createRecentErasures();
    erasures.add(of('a.*'), 5);
    expect(erasures.count).toBe(1);
    expect(erasures.mayHide(itemOf(5, 'a.1'), 0)).toBe(true);
    expect(erasures.mayHide(itemOf(5, 'a.1'), 1)).toBe(false);
    expect(erasures.mayHide(itemOf(6, 'a.1'), 0)).toBe(false);
    expect(erasures.mayHide(itemOf(5, 'b'), 0)).toBe(false);
    expect(erasures.mayHide(itemOf(5, 'a.1', 'acme'), 0)).toBe(false);
    erasures.add(of('b'), 9);
    expect([0, 1, 2].map((since) => erasures.mayHide(itemOf(9, 'b'), since))).toEqual([true, true, false]);
  });

  it('hide everything from whom there were more of them than are remembered', () => {
    const erasures = createRecentErasures();
    for (let place = 1; place <= 300; place += 1) erasures.add(of(`a.${place}`), place);
    expect(erasures.mayHide(itemOf(1, 'b'), 0)).toBe(true);
    expect(erasures.mayHide(itemOf(1, 'b'), 44)).toBe(false);
    expect(erasures.mayHide(itemOf(45, 'a.45'), 44)).toBe(true);
  });
});
