import { setTimeout as sleep } from 'node:timers/promises';
import { AFTERLIFE_MS, checkInvariants, checkReturned, type Finding, sendBatch } from './batch.ts';
import { createGenerator } from './generator.ts';
import type { Input } from './input.ts';
import { judgeMemory } from './memory.ts';
import { createTally } from './tally.ts';
import { type Holding, startTarget, type Target } from './target.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly seconds: number;
  /** An edge and an ingest on a nats-server, in place of a hub. */
  readonly nats: boolean;
  readonly batchSize?: number;
  /** Waits at the end until what HTTP/2 keeps for a while is gone too: more than a minute. */
  readonly coolDown?: boolean;
  /** The share of the time in which something is sent; 1 without pauses. */
  readonly share?: number;
}

export interface Outcome {
  readonly finding: (Finding & { readonly place: number }) | undefined;
  readonly inputs: number;
  readonly summary: readonly string[];
}

const BATCH_SIZE = 200;
const SAMPLE_EVERY_MS = 2_000;
// To look for the one among many takes a new target each time it is found.
const MOST_SUSPECTS = 400;
const LATE_MS = 10_000;

/** Sends odd inputs until the time is over or something is found. @param tell is told of each sample. */
export async function runCampaign(options: CampaignOptions, tell: (text: string) => void): Promise<Outcome> {
  const { seed, seconds, nats, batchSize = BATCH_SIZE, share = 1, coolDown = true } = options;
  const target = await startTarget(nats);
  try {
    const make = createGenerator(seed, target.supplies);
    const tally = createTally();
    const samples: Holding[] = [];
    let finding: Finding | undefined;
    let place = 0;
    const broken = createRecentCount();
    await warmUp(target);
    const base = await target.holding();
    const startMs = performance.now();
    const endMs = startMs + seconds * 1_000;
    let sampledMs = startMs;
    while (finding === undefined && performance.now() < endMs) {
      const batchMs = performance.now();
      const inputs = Array.from({ length: batchSize }, (_, each) => make(place + each));
      finding = await sendBatch(target, inputs, tally.add);
      broken.add(countHttp2(inputs));
      const fault = finding === undefined ? await checkInvariants(target, base, broken.recent()) : undefined;
      if (fault !== undefined) finding = { fault, inputs };
      if (finding !== undefined) break;
      place += batchSize;
      if (performance.now() - sampledMs > SAMPLE_EVERY_MS) {
        sampledMs = performance.now();
        const sample = await target.holding();
        // Until then what the first have left grows, and code is compiled.
        if (sampledMs - startMs > AFTERLIFE_MS) samples.push(sample);
        const memory = `RSS ${sample.rssMb.toFixed(1)} MB, heap ${sample.heapMb.toFixed(1)} MB`;
        tell(`${tally.total} inputs, ${memory}, ${sample.handles} handles`);
      }
      const pauseMs = ((performance.now() - batchMs) * (1 - share)) / share;
      if (pauseMs > 0) await sleep(Math.min(pauseMs, Math.max(0, endMs - performance.now())));
    }
    const tookSec = (performance.now() - startMs) / 1_000;
    if (finding === undefined && coolDown) {
      const fault = await checkReturned(target, base, 0, AFTERLIFE_MS + LATE_MS);
      if (fault !== undefined) finding = { fault, inputs: [] };
    }
    const after = coolDown && finding === undefined ? await target.holding() : undefined;
    const memory = judgeMemory({ base, during: samples, after, inputs: tally.total });
    if (finding === undefined && memory.fault !== undefined) finding = { fault: memory.fault, inputs: [] };
    return {
      finding: finding && { ...finding, place },
      inputs: tally.total,
      summary: [
        `${tally.total} inputs in ${tookSec.toFixed(1)} s, ${(tally.total / tookSec).toFixed(0)} a second`,
        ...tally.describe(),
        memory.told,
        `canary:  ${target.canary.sings} events, all once and in order; ${target.log.lines} log lines`,
      ],
    };
  } finally {
    await target.stop();
  }
}

const countHttp2 = (inputs: readonly Input[]): number => inputs.filter(({ protocol }) => protocol === 'h2').length;

/** A sum over the last `AFTERLIFE_MS`. */
function createRecentCount(): { add(count: number): void; recent(): number } {
  let counts: { atMs: number; count: number }[] = [];
  return {
    add: (count) => void counts.push({ atMs: performance.now(), count }),
    recent() {
      counts = counts.filter(({ atMs }) => performance.now() - atMs < AFTERLIFE_MS);
      return counts.reduce((sum, { count }) => sum + count, 0);
    },
  };
}

// The first answers load what all later ones need.
async function warmUp(target: Target): Promise<void> {
  await target.canary.check();
  await target.readiness();
  await target.holding();
}

/** Sends inputs one after the other to a target of their own, and looks after each. Resolves with the first that shows a fault. */
export async function replay(inputs: readonly Input[], nats: boolean): Promise<Finding | undefined> {
  const target = await startTarget(nats);
  try {
    await warmUp(target);
    const base = await target.holding();
    const suspects = inputs.slice(0, MOST_SUSPECTS);
    for (const [place, input] of suspects.entries()) {
      const finding = await sendBatch(target, [input]);
      if (finding !== undefined) return finding;
      const fault = await checkInvariants(target, base, countHttp2(suspects.slice(0, place + 1)));
      if (fault !== undefined) return { fault, inputs: [input] };
    }
    const fault = await checkReturned(target, base, 0, AFTERLIFE_MS + LATE_MS);
    return fault === undefined ? undefined : { fault, inputs };
  } finally {
    await target.stop();
  }
}
