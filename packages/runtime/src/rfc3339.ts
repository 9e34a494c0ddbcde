const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * A time of RFC 3339 (section 5.6) in milliseconds since 1970; not a number for what is no time. `Date.parse` would take a
 * 30th of February for the 1st of March.
 */
export function parseRfc3339(text: string): number {
  const day = RFC3339.exec(text)?.[1];
  if (day === undefined || new Date(Date.parse(day)).getUTCDate() !== Number(day.slice(-2))) return Number.NaN;
  return Date.parse(text.toUpperCase().replace(' ', 'T'));
}
