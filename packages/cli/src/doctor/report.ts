import type { Diagnosis, Examined } from './examine.ts';
import { type Finding, type Status, worstOf } from './finding.ts';

const EXIT = { fine: 0, failed: 1, unreachable: 69 };
const INDENT = ' '.repeat(27);

/** A check as lines of text; what to fix stands under what was seen. */
export function toText({ check, findings }: Examined): string {
  const lineOf = ({ status, says, fix }: Finding): string =>
    `${status.padEnd(9)}${check.padEnd(18)}${says}${fix === undefined ? '' : `\n${INDENT}Fix: ${fix}`}`;
  return findings.map(lineOf).join('\n');
}

/** The last line: how many of each. */
export function toSummary({ examined }: Diagnosis): string {
  const count = (status: Status): number => examined.filter(({ findings }) => worstOf(findings) === status).length;
  return `${examined.length} checks: ${count('ok')} ok, ${count('warning')} with a warning, ${count('failed')} failed, ${count('skipped')} skipped.`;
}

/** The same for machines: a row for each finding. */
export function toJson({ examined, edges }: Diagnosis, url: string): object {
  const findings = examined.flatMap(({ check, findings }) => findings.map((finding) => ({ check, ...finding })));
  return { url, ok: findings.every(({ status }) => status !== 'failed'), edges, findings };
}

/** 69 (EX_UNAVAILABLE) when nobody answers at all, 1 when a check failed, else 0: a warning is no failure. */
export function exitCodeOf({ examined }: Diagnosis): number {
  const failed = examined.filter(({ findings }) => worstOf(findings) === 'failed').map(({ check }) => check);
  if (failed.includes('address')) return EXIT.unreachable;
  return failed.length > 0 ? EXIT.failed : EXIT.fine;
}
