import type { Cluster, ClusterRole } from '../cluster-port.ts';
import { memberCases } from './member-cases.ts';
import { recordCases } from './record-cases.ts';
import { stateCases } from './state-cases.ts';

/** A deployment of its own, with nobody in it and nothing in its state. */
export interface ClusterDeployment {
  /** One more process, which is not open yet; the harness closes it when the case has ended. */
  create(role?: ClusterRole): Cluster;
  /** What was reported of handlers that threw, in all processes. */
  readonly faults: readonly unknown[];
  /** Lets at least `ms` milliseconds pass: a fake clock is moved, a real one waited for. */
  elapse(ms: number): Promise<void>;
}

/** What an adapter of the `Cluster` port brings to be judged. The suite knows no test runner and no adapter. */
export interface ClusterHarness {
  /** Registers one case with the runner. */
  test(title: string, run: () => Promise<void>): void;
  deploy(): Promise<ClusterDeployment>;
}

/** Every promise of the `Cluster` port, as cases that each adapter must pass. */
export function clusterContract(harness: ClusterHarness): void {
  memberCases(harness);
  stateCases(harness);
  recordCases(harness);
}

/** Opens processes at the same time. */
export async function openAll(...clusters: readonly Cluster[]): Promise<void> {
  await Promise.all(clusters.map((cluster) => cluster.open()));
}

/** Lets time pass until it holds. @throws after 10 s of it. */
export async function until(
  { elapse }: Pick<ClusterDeployment, 'elapse'>,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let passedMs = 0; passedMs < 10_000; passedMs += 20) {
    if (await holds()) return;
    await elapse(20);
  }
  throw new Error('what was waited for did not come to be');
}
