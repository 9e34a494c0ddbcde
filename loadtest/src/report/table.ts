import { type Cells, COLUMNS, toCells } from './cells.ts';
import type { Row } from './row.ts';

const columns = Object.keys(COLUMNS) as (keyof Cells)[];

/** The rows for a terminal, in columns as wide as they need to be. */
export function toTextTable(rows: readonly Row[]): string {
  const lines = [COLUMNS, ...rows.map(toCells)];
  const widths = columns.map((column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      columns
        .map((column, index) => line[column].padEnd(widths[index] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The rows as a table of Markdown. */
export function toMarkdownTable(rows: readonly Row[]): string {
  const lines = [COLUMNS, ...rows.map(toCells)].map(
    (line) => `| ${columns.map((column) => line[column].replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return [lines[0], `|${'---|'.repeat(columns.length)}`, ...lines.slice(1)].join('\n');
}
