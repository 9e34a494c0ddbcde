/**
 * Whether a cursor lies after another. Cursors of one log sort by their second part, a number in base 36; one of another log
 * is always news (docs/decisions/0020).
 */
export function isAfter(cursor: string, other: string): boolean {
  const [epoch, seq] = cursor.split('.') as [string, string];
  const [otherEpoch, otherSeq] = other.split('.') as [string, string];
  return epoch !== otherEpoch || Number.parseInt(seq, 36) > Number.parseInt(otherSeq, 36);
}
