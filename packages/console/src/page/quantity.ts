// The pages are in English, whatever the browser's language: so are their numbers.
const COUNT = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'];
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** What stands where there is no number. */
export const NOTHING = '–';

/** A whole number, such as `1,200`. */
export const formatCount = (count: number): string => COUNT.format(count);

/** A rate without its unit, such as `12.5`; without tenths from a thousand on. */
export const formatPerSec = (perSec: number): string => (perSec < 1_000 ? TENTHS : COUNT).format(perSec);

/** A latency, such as `14 ms` or `1.4 s`. */
export function formatLatency(ms: number | null): string {
  if (ms === null) return NOTHING;
  return ms < 1_000 ? `${COUNT.format(ms)} ms` : `${TENTHS.format(ms / 1000)} s`;
}

/** A number of bytes in units of thousands, such as `1.2 MB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let count = bytes;
  // What would be rounded to a thousand has the next unit.
  while (count >= 999.95 && unit < BYTES.length - 1) {
    count /= 1_000;
    unit += 1;
  }
  return `${(unit === 0 ? COUNT : TENTHS).format(count)} ${BYTES[unit]}`;
}

/** How long something lasts, in its two greatest units, such as `2 h 5 min`; a clock that is ahead counts as none. */
export function formatAge(ms: number): string {
  const sec = Math.max(0, Math.floor(ms / 1000));
  if (sec < 60) return `${sec} s`;
  const min = Math.floor(sec / 60);
  if (min < 60) return `${min} min ${sec % 60} s`;
  const hours = Math.floor(min / 60);
  return hours < 24 ? `${hours} h ${min % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A time of day of the browser's time zone, such as `08:00:01`. */
export const formatClock = (ms: number): string => CLOCK.format(ms);
