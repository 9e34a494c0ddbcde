import { toSafeLine } from './terminal-text.ts';

/** Lines of a table with a head, its columns two spaces apart; the last one is not padded. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head.map((title) => title.toUpperCase()), ...rows.map((row) => row.map(toSafeLine))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
