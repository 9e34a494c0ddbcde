import { expect } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import type { Site } from '../../loadtest/src/chaos/site.ts';
import { startTraffic, type Traffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';

export const CLIENTS = 30;
export const RATE = 250;

export const startRun = (site: Site): Promise<Traffic> =>
  startTraffic(site, { clients: CLIENTS, rate: RATE, chance: createChance(1) });

/** Resolves once so many more events were accepted. */
export async function flow({ ledger }: Traffic, events: number): Promise<void> {
  const goal = ledger.total + events;
  await expect.poll(() => ledger.total, { timeout: 20_000 }).toBeGreaterThan(goal);
}

/** Waits until everything has arrived, and counts it; whatever was lost, repeated or out of order fails. */
export async function verdictOf(
  run: Traffic,
  { accidents }: Site,
  legalGaps: string[] = [],
): Promise<Record<string, number>> {
  await run.settle();
  const { counts, reasons } = judge(run, { legalGaps, accidents });
  expect(reasons).toEqual([]);
  expect(counts.delivered).toBeGreaterThan(counts.stored as number);
  return counts;
}
