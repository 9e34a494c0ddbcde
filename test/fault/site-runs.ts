import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { type Site, type SiteFeed, startSite } from '../../loadtest/src/chaos/site.ts';
import { narrowPatternsOf } from '../../loadtest/src/chaos/topic-plan.ts';
import { startTraffic, type Traffic, type TrafficOptions } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';

/** What the edges of a run take of the live events: `TEST_FEED`. By interest no client follows everything. */
export const FEED: SiteFeed = process.env.TEST_FEED === 'interest' ? 'interest' : 'all';
/** Who follows what in such a run. */
export const FOLLOWING: Pick<TrafficOptions, 'patternsOf'> =
  FEED === 'interest' ? { patternsOf: narrowPatternsOf } : {};

export const CLIENTS = 30;
export const RATE = 250;

/** The site of a file's tests, and the traffic that is on it. */
export interface SiteRuns {
  readonly site: Site;
  /** Begins traffic, which ends with the test; on the site itself, at its usual rate, unless another is given. */
  start(traffic?: Promise<Traffic>): Promise<Traffic>;
}

/** Starts a site before the tests of a file, and removes it after them. */
export function provideSite(): SiteRuns {
  let site: Site;
  let traffic: Traffic | undefined;
  beforeAll(async () => {
    site = await startSite({ feed: FEED });
  });
  afterAll(() => site.remove());
  afterEach(() => traffic?.stop());
  return {
    get site() {
      return site;
    },
    async start(begun = startTraffic(site, { clients: CLIENTS, rate: RATE, chance: createChance(1), ...FOLLOWING })) {
      traffic = await begun;
      return traffic;
    },
  };
}

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
  // Of those who follow little many events are nobody's.
  const least = (counts.stored as number) * (FEED === 'interest' ? 0.2 : 1);
  expect(counts.delivered).toBeGreaterThan(least);
  return counts;
}
