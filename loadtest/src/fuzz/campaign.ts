import { setTimeout as sleep } from 'node:timers/promises';
import { checkInvariants, type Finding, sendBatch } from './batch.ts';
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

/** Sends odd inputs until the time is over or something is found. @param tell is told of each sample. */
export async function runCampaign(options: CampaignOptions, tell: (text: string) => void): Promise<Outcome> {
  const { seed, seconds, nats, batchSize = BATCH_SIZE, share = 1 } = options;
  const target = await startTarget(nats);
  try {
    const make = createGenerator(seed, target.supplies);
    const tally = createTally();
    const samples: Holding[] = [];
    let finding: Finding | undefined;
    let place = 0;
    await warmUp(target);
    const base = await target.holding();
    const startMs = performance.now();
    const endMs = startMs + seconds * 1_000;
    let sampledMs = startMs;
    while (finding === undefined && performance.now() < endMs) {
      const batchMs = performance.now();
      const inputs = Array.from({ length: batchSize }, (_, each) => make(place + each));
      finding = await sendBatch(target, inputs, tally.add);
      const fault = finding === undefined ? await checkInvariants(target, base) : undefined;
      if (fault !== undefined) finding = { fault, inputs };
      if (finding !== undefined) break;
      place += batchSize;
      if (performance.now() - sampledMs > SAMPLE_EVERY_MS) {
        sampledMs = performance.now();
        const sample = await target.holding();
        samples.push(sample);
        const memory = `RSS ${sample.rssMb.toFixed(1)} MB, heap ${sample.heapMb.toFixed(1)} MB`;
        tell(`${tally.total} inputs, ${memory}, ${sample.handles} handles`);
      }
      const pauseMs = ((performance.now() - batchMs) * (1 - share)) / share;
      if (pauseMs > 0) await sleep(Math.min(pauseMs, Math.max(0, endMs - performance.now())));
    }
    const memory = judgeMemory(samples);
    if (finding === undefined && memory.fault !== undefined) finding = { fault: memory.fault, inputs: [] };
    const tookSec = (performance.now() - startMs) / 1_000;
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
    for (const input of inputs.slice(0, MOST_SUSPECTS)) {
      const finding = await sendBatch(target, [input]);
      if (finding !== undefined) return finding;
      const fault = await checkInvariants(target, base);
      if (fault !== undefined) return { fault, inputs: [input] };
    }
    return undefined;
  } finally {
    await target.stop();
  }
}
