/** The middle one by a measure; of an even number, the lower of the two. @throws RangeError for none at all. */
export function medianBy<Item>(items: readonly Item[], measure: (item: Item) => number): Item {
  const sorted = [...items].sort((a, b) => measure(a) - measure(b));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('there is no median of nothing');
  return middle;
}

export const median = (values: readonly number[]): number => medianBy(values, (value) => value);

/** Slope of the line through these points that has the least squares; 0 where all stand at one `x`. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const { x, y } of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
