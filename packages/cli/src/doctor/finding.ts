/** How a check went. `skipped` is neither: it could not be looked at, and `says` has the reason. */
export type Status = 'ok' | 'warning' | 'failed' | 'skipped';

/** What a check found. */
export interface Finding {
  readonly status: Status;
  /** What was seen, in one sentence or two. */
  readonly says: string;
  /** What to change, with the name of the setting; where something is to be changed. */
  readonly fix?: string;
}

export const ok = (says: string): Finding => ({ status: 'ok', says });
export const skipped = (says: string): Finding => ({ status: 'skipped', says });
export const warning = (says: string, fix: string): Finding => ({ status: 'warning', says, fix });
export const failed = (says: string, fix: string): Finding => ({ status: 'failed', says, fix });

const WORST_FIRST: readonly Status[] = ['failed', 'warning', 'ok', 'skipped'];

/** The status of a check that found several things. */
export function worstOf(findings: readonly Finding[]): Status {
  return WORST_FIRST.find((status) => findings.some((finding) => finding.status === status)) ?? 'skipped';
}

/** Milliseconds as a reader wants them. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
