/** Height of a row, as the style sheet has it too. */
export const ROW_PX = 28;

// Above and below what is seen, so that a little scrolling shows no empty rows.
const MARGIN_ROWS = 6;

/** What is to be in the document of a list of `count` rows. */
export interface RowWindow {
  /** Its first row. */
  readonly first: number;
  /** Behind its last row. */
  readonly end: number;
}

/** @param heightPx of the part that is seen. */
export function toRowWindow(count: number, scrollPx: number, heightPx: number): RowWindow {
  const seen = Math.ceil(heightPx / ROW_PX) + 1;
  const top = Math.min(Math.floor(scrollPx / ROW_PX), Math.max(0, count - seen));
  return { first: Math.max(0, top - MARGIN_ROWS), end: Math.min(count, top + seen + MARGIN_ROWS) };
}

/** Where to scroll so that a row is seen, as little as may be. */
export function toScrollPx(row: number, scrollPx: number, heightPx: number): number {
  const topPx = row * ROW_PX;
  if (topPx < scrollPx) return topPx;
  return Math.max(scrollPx, topPx + ROW_PX - heightPx);
}

/**
 * The row that a key goes to, or `undefined` for a key that goes nowhere.
 * @param row that is selected, -1 for none: then the first key selects the newest, which is the last.
 */
export function moveRow(key: string, row: number, count: number, heightPx: number): number | undefined {
  const page = Math.max(1, Math.floor(heightPx / ROW_PX) - 1);
  const moves: Readonly<Record<string, number>> = {
    ArrowUp: row - 1,
    ArrowDown: row + 1,
    PageUp: row - page,
    PageDown: row + page,
    Home: 0,
    End: count - 1,
  };
  const target = moves[key];
  if (target === undefined || count === 0) return undefined;
  if (row === -1 && key !== 'Home') return count - 1;
  return Math.min(count - 1, Math.max(0, target));
}
