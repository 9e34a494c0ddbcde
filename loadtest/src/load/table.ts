import { toFindings } from './findings.ts';
import type { LoadResult } from './result.ts';

/** What a run has shown, for a terminal. */
export function toLoadTable(result: LoadResult): string {
  const findings = toFindings(result);
  const startSec = Date.parse(result.date) / 1_000;
  const sizes = Object.entries(result.sizes).map(([name, value]) => `${name}=${value}`);
  return [
    `${result.scenario}: ${result.title}`,
    `  ${['against', result.target].join(' ')}${sizes.length > 0 ? `; ${sizes.join(' ')}` : ''}; ${Math.round(result.seconds)} s`,
    '',
    ...inColumns(findings.map(({ name, value }) => [name, value])),
    '',
    ...inColumns(result.thresholds.map(({ metric, rule, met }) => [met ? 'met' : 'NOT MET', `${metric} ${rule}`])),
    ...(result.marks.length > 0 ? [''] : []),
    ...result.marks.map(({ time, what }) => `  ${(time - startSec).toFixed(1).padStart(6)} s  ${what}`),
    ...(result.faults.length > 0 ? [''] : []),
    ...result.faults.map((fault) => `  FAULT  ${fault}`),
  ].join('\n');
}

function inColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}
