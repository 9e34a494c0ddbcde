const MOST_CHANGES = 2;

/** The known word that a mistyped one was probably meant to be. */
export function suggestionFor(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, changes: name.startsWith(word) && word.length > 1 ? 1 : changesBetween(word, name) }))
    .sort((one, other) => one.changes - other.changes);
  return best && best.changes <= Math.min(MOST_CHANGES, word.length / 2) ? best.name : undefined;
}

/** How many letters must be put in, taken out, changed or swapped with the next (optimal string alignment distance). */
export function changesBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= one.length; row += 1) {
    rows[row] = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const swapped = isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      const changed = at(row - 1, column - 1) + (isSame ? 0 : 1);
      (rows[row] as number[])[column] = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, changed, swapped);
    }
  }
  return at(one.length, other.length);
}
