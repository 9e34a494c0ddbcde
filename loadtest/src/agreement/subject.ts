import type { Transport } from '../generator/target.ts';
import { runLoad } from '../load/run.ts';
import type { Measurement } from '../report/row.ts';
import { runBroadcast } from '../scenario/broadcast.ts';
import { runOwnTopics } from '../scenario/own-topic.ts';
import { startHubSubject } from '../server/tidings.ts';

/** What both must measure alike. */
export interface Reading {
  readonly deliveriesPerCpuSec: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Work that the benchmark of Node and a scenario of k6 do in the same way, each against a hub of its own. */
export interface Comparison {
  readonly title: string;
  node(): Promise<Reading>;
  k6(binary: string): Promise<Reading>;
}

const SECONDS = '12';

function broadcast(title: string, transport: Transport, batchSize: number, requests: number): Comparison {
  const sizes = { STREAMS: '1000', DURATION: SECONDS, BATCH: `${batchSize}`, HTTP: transport === 'h1' ? 'h1' : 'h2' };
  return {
    title,
    node: async () =>
      toReading(await runBroadcast(() => startHubSubject({ transport }), { streams: 1_000, requests, batchSize })),
    k6: (binary) => runScenario(binary, 'fan-out', sizes),
  };
}

export const COMPARISONS: readonly Comparison[] = [
  broadcast('broadcast to 1,000, HTTP/1.1', 'h1', 1, 400),
  broadcast('broadcast to 1,000 in bursts of 10, HTTP/1.1', 'h1', 10, 300),
  broadcast('broadcast to 1,000, HTTP/2, 100 a connection', 'h2c', 1, 600),
  {
    title: '5,000 events/s to 2,000 topics of one stream each',
    node: async () =>
      toReading(
        await runOwnTopics(() => startHubSubject({ transport: 'h1' }), { eventsPerSec: 5_000, durationMs: 12_000 }),
      ),
    k6: (binary) =>
      runScenario(binary, 'own-topics', { STREAMS: '2000', RATE: '5000', BATCH: '100', DURATION: SECONDS }),
  },
];

async function runScenario(k6: string, scenario: string, wish: Readonly<Record<string, string>>): Promise<Reading> {
  // The benchmark publishes without keys, which cost the hub a little for each event.
  const sizes = { ...wish, KEYED: 'no' };
  const { metrics, faults, thresholds } = await runLoad({
    k6,
    scenario,
    sizes,
    target: undefined,
    site: 'hub',
    edges: 0,
  });
  const unmet = thresholds.filter(({ met }) => !met).map(({ metric, rule }) => `${metric} ${rule}`);
  if (faults.length + unmet.length > 0) throw new Error(`${scenario}: ${[...faults, ...unmet].join('; ')}`);
  const latency = metrics['sse_event_latency{phase:measuring}'];
  return {
    deliveriesPerCpuSec: metrics.deliveries_per_cpu_second?.value ?? Number.NaN,
    p50Ms: latency?.med ?? Number.NaN,
    p99Ms: latency?.['p(99)'] ?? Number.NaN,
  };
}

const toReading = ({ rate, latency }: Measurement): Reading => ({
  deliveriesPerCpuSec: rate?.perCpuSec ?? Number.NaN,
  p50Ms: latency?.p50Ms ?? Number.NaN,
  p99Ms: latency?.p99Ms ?? Number.NaN,
});
