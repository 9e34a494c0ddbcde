import { duration } from '../doctor/finding.ts';
import type { BenchResult } from './bench.ts';
import type { Latencies } from './latency.ts';
import { type BenchPlan, eventsOf } from './plan.ts';

const QUANTILES = { p50: 0.5, p95: 0.95, p99: 0.99 };

/** Latencies of a result in milliseconds, to a hundredth. */
function figuresOf(latencies: Latencies): Record<string, number> {
  const entries = Object.entries(QUANTILES).map(([name, quantile]) => [name, latencies.quantileMs(quantile)] as const);
  const all = [...entries, ['max', latencies.maxMs] as const];
  return Object.fromEntries(all.map(([name, ms]) => [name, Math.round(ms * 100) / 100]));
}

/** The rate at which events went out; of one event there is none. */
function rateOf({ published: { tookMs, taken } }: BenchResult, plan: BenchPlan): number {
  return taken < 2 ? plan.rate : Math.min(plan.rate, ((eventsOf(plan) - 1) * 1_000) / Math.max(1, tookMs));
}

const BUSY = 0.8;
const KEPT_UP = 0.95;
// Below this, a loop that comes late is how a loop is.
const NOTICED_MS = 5;

/** What must be known before the figures are believed; empty when there is nothing. */
export function caveatsOf(result: BenchResult, plan: BenchPlan): readonly string[] {
  const { client, latencies } = result;
  const caveats: string[] = [];
  const isBusy = client.loopBusy > BUSY;
  if (isBusy) {
    caveats.push(
      `This client was the bottleneck: its event loop was busy for ${percent(client.loopBusy)} of the time. The figures are those of this machine; take less, or several machines.`,
    );
  } else if (client.loopLateP99Ms > NOTICED_MS && client.loopLateP99Ms > latencies.quantileMs(0.99) / 4) {
    caveats.push(
      `A good part of the latency is this client's own: its event loop came ${duration(client.loopLateP99Ms)} late (p99).`,
    );
  }
  const kept = rateOf(result, plan) / plan.rate;
  if (kept < KEPT_UP) {
    caveats.push(
      `Only ${percent(kept)} of the rate was reached: ${isBusy ? 'this client did not keep up' : 'events were acknowledged too slowly, with 256 under way'}.`,
    );
  }
  return caveats;
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The result as lines of text. */
export function toText(result: BenchResult, plan: BenchPlan): string {
  const { counts, published, client } = result;
  const times = (latencies: Latencies): string =>
    Object.entries(figuresOf(latencies))
      .map(([name, ms]) => `${name} ${ms} ms`)
      .join('   ');
  const failed = [...published.failures].map(([reason, times]) => `not taken     ${count(times)}: ${reason}`);
  const seconds = Math.max(plan.durationSec, published.tookMs / 1_000);
  return [
    `published     ${count(published.taken)} of ${count(eventsOf(plan))} events, ${Math.round(rateOf(result, plan) * 10) / 10} a second of ${plan.rate}`,
    ...failed,
    `delivered     ${count(counts.delivered)} of ${count(counts.expected)}, ${count(counts.delivered / seconds)} a second`,
    `lost          ${count(counts.lost)}`,
    `repeated      ${count(counts.repeated)}`,
    `out of order  ${count(counts.disordered)}`,
    `streams       ${count(plan.streams)} on ${count(plan.topics)} topics, cut and resumed ${count(result.returns)} times`,
    `latency       ${times(result.latencies)}`,
    `acknowledged  ${times(published.acknowledged)}`,
    `this client   ${percent(client.cpu)} of a core, event loop busy ${percent(client.loopBusy)}, late by ${duration(client.loopLateP99Ms)} (p99), ${duration(client.loopLateMaxMs)} (max)`,
    ...caveatsOf(result, plan).map((caveat) => `\nNote: ${caveat}`),
  ].join('\n');
}

/** The same for machines; times in milliseconds. */
export function toJson(result: BenchResult, plan: BenchPlan, url: string): object {
  const { counts, published, latencies, returns, client } = result;
  return {
    url,
    ok: exitCodeOf(result) === 0,
    plan,
    published: {
      taken: published.taken,
      ratePerSec: rateOf(result, plan),
      failures: Object.fromEntries(published.failures),
    },
    ...counts,
    resumes: returns,
    latencyMs: figuresOf(latencies),
    acknowledgedMs: figuresOf(published.acknowledged),
    client,
    caveats: caveatsOf(result, plan),
  };
}

/** 1 when a promise was broken, or nothing was published that could have shown it. */
export function exitCodeOf({ counts, published }: BenchResult): number {
  const broken = counts.lost + counts.repeated + counts.disordered;
  return broken > 0 || published.taken === 0 ? 1 : 0;
}
