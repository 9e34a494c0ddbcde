import { faultOf } from '../fault.ts';
import type { Check } from './check.ts';
import { CHECKS } from './checks.ts';
import { type Finding, failed, skipped, worstOf } from './finding.ts';
import { createProbe, type DoctorOptions, type Probe } from './probe.ts';

/** A check that was done. */
export interface Examined {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** What the whole examination found. */
export interface Diagnosis {
  readonly examined: readonly Examined[];
  /** The edges that answered. */
  readonly edges: readonly string[];
}

/** Does all checks one after the other; `tell` gets each as it is done. */
export async function examine(
  options: DoctorOptions,
  tell: (examined: Examined) => void = () => {},
): Promise<Diagnosis> {
  const probe = createProbe(options);
  const examined: Examined[] = [];
  try {
    for (const check of CHECKS) {
      const findings = await findingsOf(check, probe, examined);
      examined.push({ check: check.id, findings });
      tell({ check: check.id, findings });
    }
  } finally {
    probe.close();
  }
  return { examined, edges: [...probe.edges].sort() };
}

async function findingsOf(check: Check, probe: Probe, before: readonly Examined[]): Promise<readonly Finding[]> {
  const missing = check.needs.find((id) => {
    const status = worstOf(before.find((done) => done.check === id)?.findings ?? []);
    return status === 'failed' || status === 'skipped';
  });
  if (missing !== undefined) return [skipped(`It needs what ${missing} looks at.`)];
  try {
    return await check.run(probe);
  } catch (error) {
    return [
      failed(
        `The request failed: ${faultOf(error)}.`,
        'Look at what lies in between: something ends connections, or holds answers back.',
      ),
    ];
  }
}
