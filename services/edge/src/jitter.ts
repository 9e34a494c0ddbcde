/** A whole number of milliseconds between the two. */
export function jitter(leastMs: number, mostMs: number): number {
  return Math.round(leastMs + Math.random() * (mostMs - leastMs));
}
