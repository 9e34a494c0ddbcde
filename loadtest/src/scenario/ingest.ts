import { atLeast, type Verdict } from '../report/goal.ts';
import type { Measurement, Row } from '../report/row.ts';
import { startFloor } from '../server/floor.ts';
import type { Subject } from '../server/subject.ts';
import { startHubSubject, startIngestSubject } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';
import { measure } from './measure.ts';
import { type PairResult, runPairs } from './pairs.ts';
import { withSubject } from './session.ts';

const PAYLOAD_BYTES = 200;
const TOPICS = 100;
const WARM_UP_MS = 700;
// By number too: on a busy machine, little code is compiled after some hundred milliseconds.
const WARM_UP_EVENTS = 4_000;

interface IngestLoad {
  readonly connections: number;
  readonly batchSize: number;
  readonly durationMs: number;
}

/** Publishers on keep-alive connections with a valid token; each sends its next request when it has the answer. */
async function runIngest(start: () => Promise<Subject>, load: IngestLoad): Promise<Measurement> {
  const { connections, batchSize, durationMs } = load;
  return withSubject(start, async (subject, generator) => {
    const plan = {
      target: subject.publishing,
      topic: 'bench.{n}',
      topics: TOPICS,
      payloadBytes: PAYLOAD_BYTES,
      batchSize,
      channel: 0,
      connections,
    };
    await generator.ask('atFullSpeed', {
      ...plan,
      durationMs: WARM_UP_MS,
      leastRequests: Math.ceil(WARM_UP_EVENTS / batchSize),
    });
    const { result, cpuSec, notes, ...rest } = await measure(subject, generator, () =>
      generator.ask('atFullSpeed', { ...plan, durationMs, leastRequests: 0 }),
    );
    notes.push(`${Math.round(result.events / result.seconds)} events/s`);
    const unit = batchSize === 1 ? 'requests' : 'events';
    return { ...rest, notes, rate: { perCpuSec: result.events / cpuSec, unit } };
  });
}

interface IngestOptions {
  readonly name: string;
  readonly title: string;
  readonly batchSize: number;
  readonly connections: number;
  readonly rounds?: number;
  readonly onNats?: boolean;
  judge(result: PairResult): Verdict[];
}

const ingest = ({ name, title, rounds = 3, onNats = false, judge, ...load }: IngestOptions): Scenario => ({
  name,
  title,
  async run({ quick }: BenchContext): Promise<Row[]> {
    const whole = { ...load, durationMs: quick ? 1_000 : 2_000 };
    const result = await runPairs({
      rounds: quick ? 1 : rounds,
      floor: () => runIngest(() => startFloor({ transport: 'h1' }, true), whole),
      tidings: () => runIngest(() => (onNats ? startIngestSubject() : startHubSubject({ transport: 'h1' })), whole),
    });
    return [{ scenario: name, title, ...result, verdicts: judge(result) }];
  },
});

const speedOf = ({ rate }: PairResult): number => rate?.perCpuSec ?? 0;

export const INGESTS: readonly Scenario[] = [
  ingest({
    name: 'ingest-single',
    title: 'publishing one event a request',
    batchSize: 1,
    connections: 32,
    judge: (result) => [atLeast('>= 8k requests per CPU-second', speedOf(result), 8_000)],
  }),
  ingest({
    name: 'ingest-batch',
    title: 'publishing 1,000 events a request',
    batchSize: 1_000,
    connections: 4,
    judge: (result) => [atLeast('>= 50k events per CPU-second', speedOf(result), 50_000)],
  }),
  ingest({
    name: 'ingest-single-nats',
    title: 'publishing one event a request, ingest on NATS',
    batchSize: 1,
    connections: 32,
    rounds: 1,
    onNats: true,
    judge: () => [],
  }),
  ingest({
    name: 'ingest-batch-nats',
    title: 'publishing 1,000 events a request, ingest on NATS',
    batchSize: 1_000,
    connections: 4,
    rounds: 1,
    onNats: true,
    judge: () => [],
  }),
];
