import { createChance } from './chance.ts';
import { disturb } from './disturb.ts';
import { startHabits } from './habit.ts';
import { type SiteFeed, startSite } from './site.ts';
import { narrowPatternsOf, patternsOf } from './topic-plan.ts';
import { startTraffic } from './traffic.ts';
import { judge, type Verdict } from './verdict.ts';

export interface CampaignOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly clients: number;
  /** `false`: the negative control. */
  readonly repair: boolean;
  /** What edges take of the live events; `mixed`: every second one by interest. */
  readonly feed: SiteFeed;
}

/** Metrics of the services that tell what the faults did, and their names in a report. */
const WORK: readonly (readonly [string, string])[] = [
  ['tidings_resume_total', 'resumed from'],
  ['tidings_gap_repairs_total', 'feed repaired by'],
  ['tidings_broker_stale_reads_total', 'stale reads of'],
  ['tidings_broker_reconnects_total', 'reconnected'],
  ['tidings_publish_retries_total', 'ingest tried again after'],
];

/** Runs a site under traffic and faults, then lets it come to rest, and judges. */
export async function runCampaign(options: CampaignOptions, tell: (text: string) => void): Promise<Verdict> {
  const { minutes, seed, rate, clients, repair, feed } = options;
  const chance = createChance(seed);
  const site = await startSite({ repair, feed });
  try {
    const traffic = await startTraffic(site, {
      clients,
      rate,
      chance: createChance(seed + 1),
      patternsOf: feed === 'all' ? patternsOf : narrowPatternsOf,
    });
    try {
      tell(`${clients} clients are live, ${rate} events/s`);
      const endHabits = startHabits(traffic.subscribers, createChance(seed + 2));
      const scene = { site, subscribers: traffic.subscribers, chance };
      const faults = await disturb(scene, traffic.punctuality, minutes * 60_000, tell);
      endHabits();
      tell('calm');
      await traffic.settle();
      await Promise.all([...site.edges, ...site.ingests].map((service) => site.tally.read(service)));

      const verdict = judge(traffic, { accidents: site.accidents });
      const { punctuality } = traffic;
      const counts: Record<string, number> = { ...verdict.counts };
      for (const [name, count] of faults) counts[`fault: ${name}`] = count;
      for (const [metric, title] of WORK) {
        for (const [label, value] of site.tally.totals(metric)) if (value > 0) counts[`${title} ${label}`] = value;
      }
      for (const { after, ms } of punctuality.worst) counts[`worst ms after: ${after}`] = Math.round(ms);
      for (const share of [0.5, 0.99])
        counts[`ms of waiting, p${share * 100}`] = Math.ceil(punctuality.quantileMs(share));
      counts['ms of waiting, longest, faults included'] = Math.round(punctuality.longestMs);
      for (const kind of ['edge', 'ingest'])
        counts[`largest ${kind}, MB`] = Math.round(site.tally.largestRss(kind) / 1e6);
      for (const wait of punctuality.longest) tell(`a long wait: ${wait}`);
      return { counts, reasons: verdict.reasons };
    } finally {
      traffic.stop();
    }
  } finally {
    await site.remove();
  }
}
