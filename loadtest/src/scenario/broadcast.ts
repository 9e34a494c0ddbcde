import type { Transport } from '../generator/target.ts';
import { atLeast, atMost, type Verdict } from '../report/goal.ts';
import type { Measurement, Row } from '../report/row.ts';
import { startFloor } from '../server/floor.ts';
import type { Subject } from '../server/subject.ts';
import { startEdgeSubject, startHubSubject } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';
import { measure } from './measure.ts';
import { type PairResult, runPairs } from './pairs.ts';
import { fleetOf, withSubject } from './session.ts';

const WARM_UP_REQUESTS = 20;
const TOPIC = 'bench.all';
const PAYLOAD_BYTES = 200;

export interface BroadcastLoad {
  readonly streams: number;
  /** Requests that are measured, and events in each. */
  readonly requests: number;
  readonly batchSize: number;
}

/** Someone who looks at the server while it is measured. */
interface Watch {
  begin(subject: Subject): Promise<void>;
  end(subject: Subject): Promise<void>;
}

/**
 * One topic, many streams; each request's events are published once everybody has the ones before, so that nothing is
 * coalesced but what one request brings.
 */
export async function runBroadcast(
  start: () => Promise<Subject>,
  load: BroadcastLoad,
  watch?: Watch,
): Promise<Measurement> {
  const { streams, requests, batchSize } = load;
  return withSubject(start, async (subject, generator) => {
    const fleet = fleetOf(subject, { streams });
    await generator.ask('open', fleet);
    const plan = {
      target: subject.publishing,
      topic: TOPIC,
      topics: 1,
      payloadBytes: PAYLOAD_BYTES,
      batchSize,
      channel: 0,
      readers: streams,
    };
    await generator.ask('inStep', { ...plan, requests: WARM_UP_REQUESTS });
    await generator.ask('resetLatency', fleet);
    await watch?.begin(subject);
    const { result, cpuSec, ...rest } = await measure(subject, generator, () =>
      generator.ask('inStep', { ...plan, requests }),
    );
    await watch?.end(subject);
    const { latency, lost, repeated, closed } = await generator.ask('tally', fleet);
    if (lost + repeated + closed > 0) throw new Error(`${lost} lost, ${repeated} repeated, ${closed} streams closed`);
    return { ...rest, latency, rate: { perCpuSec: (result.events * streams) / cpuSec, unit: 'deliveries' } };
  });
}

interface BroadcastOptions extends Partial<BroadcastLoad> {
  readonly name: string;
  readonly title: string;
  readonly transport: Transport;
  readonly rounds?: number;
  /** The edge alone, with an ingest and a nats-server, in place of the hub. */
  readonly onNats?: boolean;
  judge(result: PairResult): Verdict[];
}

function broadcast({ name, title, transport, rounds = 3, onNats = false, judge, ...wish }: BroadcastOptions): Scenario {
  return {
    name,
    title,
    async run({ quick }: BenchContext): Promise<Row[]> {
      const load = { streams: 1_000, requests: 150, batchSize: 1, ...wish };
      if (quick) load.requests = Math.ceil(load.requests / 4);
      const result = await runPairs({
        rounds: quick ? 1 : rounds,
        floor: () => runBroadcast(() => startFloor({ transport }), load),
        tidings: () => runBroadcast(() => (onNats ? startEdgeSubject : startHubSubject)({ transport }), load),
      });
      return [{ scenario: name, title, ...result, verdicts: judge(result) }];
    },
  };
}

const speedOf = ({ rate }: PairResult): number => rate?.perCpuSec ?? 0;

/** Every broadcast of the suite. */
export const BROADCASTS: readonly Scenario[] = [
  broadcast({
    name: 'broadcast-h1',
    title: 'broadcast to 1,000, HTTP/1.1',
    transport: 'h1',
    judge: (result) => [atLeast('>= 80k deliveries per CPU-second', speedOf(result), 80_000)],
  }),
  broadcast({
    name: 'burst',
    title: 'broadcast to 1,000 in bursts of 10, HTTP/1.1',
    transport: 'h1',
    batchSize: 10,
    requests: 100,
    judge: (result) => [atLeast('>= 500k deliveries per CPU-second', speedOf(result), 500_000)],
  }),
  broadcast({
    name: 'broadcast-h2c',
    title: 'broadcast to 1,000, HTTP/2, 100 a connection',
    transport: 'h2c',
    judge: () => [],
  }),
  broadcast({
    name: 'broadcast-h2-tls',
    title: 'broadcast to 1,000, HTTP/2 over TLS, 100 a connection',
    transport: 'h2-tls',
    judge: () => [],
  }),
  broadcast({
    name: 'broadcast-h1-tls',
    title: 'broadcast to 1,000, HTTP/1.1 over TLS',
    transport: 'h1-tls',
    requests: 100,
    judge: () => [],
  }),
  broadcast({
    name: 'broadcast-5000',
    title: 'broadcast to 5,000, HTTP/1.1',
    transport: 'h1',
    streams: 5_000,
    requests: 60,
    rounds: 1,
    judge: ({ latency }) => [atMost('p99 < 150 ms', latency?.p99Ms ?? Number.POSITIVE_INFINITY, 150)],
  }),
  broadcast({
    name: 'broadcast-nats',
    title: 'broadcast to 1,000, HTTP/1.1, edge on NATS',
    transport: 'h1',
    rounds: 1,
    onNats: true,
    judge: () => [],
  }),
];
