const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of a duration such as `90s`, `10m`, `1h30m`, `7d` or `2w`; `undefined` for what is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,9}[smhdw])+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+)([smhdw])/g);
  return [...parts].reduce((totalMs, [, count, unit = '']) => totalMs + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}

/** The two largest units of a duration, to be read by a person: `3 d 4 h`. Less than a second is `0 s`. */
export function describeDuration(ms: number): string {
  let restSec = Math.floor(Math.abs(ms) / 1_000);
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's']) {
    const unitSec = (UNIT_MS[unit] ?? 0) / 1_000;
    const count = Math.floor(restSec / unitSec);
    restSec -= count * unitSec;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
