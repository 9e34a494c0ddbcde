const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** How far a time is from now, in its largest unit, rounded down: `in 3 h`, `2 min ago`, `now`. */
export function toRelative(timeMs: number, nowMs: number): string {
  const sec = Math.floor(Math.abs(timeMs - nowMs) / 1000);
  const unit = UNITS.find(([, unitSec]) => sec >= unitSec);
  if (unit === undefined) return 'now';
  const span = `${Math.floor(sec / unit[1])} ${unit[0]}`;
  return timeMs > nowMs ? `in ${span}` : `${span} ago`;
}
