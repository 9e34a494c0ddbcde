import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

/** One thing to look at. */
export interface Check {
  /** Its name in reports and in docs/operations/doctor.md. */
  readonly id: string;
  /** Checks without which it can say nothing: it is skipped where one of them failed or was skipped. */
  readonly needs: readonly string[];
  /** Looks, and judges. What it throws counts as a failure that has no better words. */
  run(probe: Probe): Promise<readonly Finding[]>;
}
