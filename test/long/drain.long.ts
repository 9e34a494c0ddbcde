import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { type Site, startSite } from '../../loadtest/src/chaos/site.ts';
import { startTraffic, type Traffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';

const STREAMS = 5_000;
const DRAIN_MS = 10_000;
// A client needs a moment to dial.
const LATE_MS = 500;

let site: Site;
let traffic: Traffic | undefined;

beforeAll(async () => {
  site = await startSite({ edges: 1, ingests: 1, env: { TIDINGS_DRAIN_MS: `${DRAIN_MS}` } });
});

afterAll(async () => {
  traffic?.stop();
  await site.remove();
});

test(`an edge with ${STREAMS} streams moves them all to another within TIDINGS_DRAIN_MS, evenly, and nothing is lost`, async () => {
  const patternsOf = (place: number): string[] => [`chaos.${place % 6}.${place % 10}`];
  const run = await startTraffic(site, { clients: STREAMS, rate: 50, chance: createChance(1), patternsOf });
  traffic = run;
  await pause(2_000);
  await site.startEdge();
  const [old] = site.edges;
  const startMs = performance.now();
  const drained = old?.drain();
  const returns = (): number[] =>
    run.subscribers.flatMap(({ returnsMs }) => returnsMs.filter((ms) => ms > startMs).map((ms) => ms - startMs));
  await expect.poll(() => returns().length, { timeout: 3 * DRAIN_MS, interval: 250 }).toBe(STREAMS);
  expect(await drained).toBe(0);
  const bins = Array.from({ length: DRAIN_MS / 1_000 }, () => 0);
  for (const ms of returns()) {
    const bin = Math.min(Math.floor(ms / 1_000), bins.length - 1);
    bins[bin] = (bins[bin] as number) + 1;
  }
  console.log(
    `${STREAMS} reconnects, by second: ${bins.join(' ')}; the last after ${Math.round(Math.max(...returns()))} ms`,
  );
  expect(Math.max(...returns())).toBeLessThan(DRAIN_MS + LATE_MS);
  expect(Math.max(...bins)).toBeLessThanOrEqual((3 * STREAMS) / bins.length);
  await run.settle();
  const { counts, reasons } = judge(run, { accidents: site.accidents });
  console.log(JSON.stringify(counts));
  expect(reasons).toEqual([]);
});
