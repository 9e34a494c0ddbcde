import { describe, expect, test } from 'vitest';
import { toCells, toThousands } from '../src/report/cells.ts';
import { toChart } from '../src/report/chart.ts';
import { replaceSection } from '../src/report/document.ts';
import { atLeast, atMost } from '../src/report/goal.ts';
import { failedRow, type Row } from '../src/report/row.ts';
import { toMarkdownTable, toTextTable } from '../src/report/table.ts';

const ROW: Row = {
  scenario: 'burst',
  title: 'bursts & <more>',
  rate: { perCpuSec: 512_345, unit: 'deliveries' },
  floor: { perCpuSec: 1_024_690, unit: 'deliveries' },
  ratio: 0.5,
  latency: { p50Ms: 1.25, p99Ms: 12.5, maxMs: 100 },
  rssBytes: 150_000_000,
  generatorShare: 0.9,
  notes: ['a | b'],
  verdicts: [atLeast('>= 500k', 512_345, 500_000), atMost('p99 < 10 ms', 12.5, 10)],
};

describe('the report', () => {
  test('says what a row holds, and that the clients were the limit', () => {
    expect(toCells(ROW)).toEqual({
      scenario: 'bursts & <more>',
      figure: '512k deliveries',
      ratio: '0.50',
      latency: '1.3 / 13 / 100',
      memory: '150',
      goal: '>= 500k: met; p99 < 10 ms: NOT MET',
      notes: 'a | b; generator-bound: clients used 90% of a core',
    });
  });

  test('shows a row that failed, with the reason', () => {
    const cells = toCells(failedRow('burst', 'bursts', new Error('refused\nsecond line')));
    expect(cells).toMatchObject({ figure: 'failed', notes: 'refused second line' });
  });

  test('rounds to thousands and millions', () => {
    expect([999, 1_049, 99_949, 512_345, 1_590_000].map(toThousands)).toEqual([
      '999',
      '1.0k',
      '99.9k',
      '512k',
      '1.59M',
    ]);
  });

  test('aligns the columns for a terminal, and escapes them for Markdown', () => {
    const [head = '', line = ''] = toTextTable([ROW]).split('\n');
    expect(line.indexOf('512k')).toBe(head.indexOf('per CPU-second'));
    const markdown = toMarkdownTable([ROW]).split('\n');
    expect(markdown).toHaveLength(3);
    expect(markdown[2]).toContain('a \\| b');
  });

  test('draws the longer bar of a pair over the whole width, for both colour schemes', () => {
    const chart = toChart([ROW, failedRow('x', 'not drawn', new Error('x'))]);
    const widths = [...chart.matchAll(/y="(\d+)" width="(\d+)" height="14"/g)].map(([, , width]) => Number(width));
    expect(widths).toHaveLength(2);
    expect((widths[0] as number) * 2).toBe(widths[1]);
    expect(chart).toContain('prefers-color-scheme: dark');
    expect(chart).toContain('bursts &amp; &lt;more>');
    expect(chart).not.toContain('not drawn');
  });

  test('replaces one section of a document, and nothing else', () => {
    const document = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n';
    const once = replaceSection(document, 'x', 'new');
    expect(once).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb\n');
    expect(replaceSection(once, 'x', 'new')).toBe(once);
    expect(() => replaceSection(document, 'y', 'new')).toThrow('no section y');
  });
});
