import { atMost, type Verdict } from '../report/goal.ts';
import type { Measurement, Row } from '../report/row.ts';
import { beside } from '../server/beside.ts';
import { startFloor } from '../server/floor.ts';
import type { Subject } from '../server/subject.ts';
import { startEdgeSubject, startHubSubject } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';
import { measure } from './measure.ts';
import { type PairResult, runPairs } from './pairs.ts';
import { fleetOf, withSubject } from './session.ts';

const STREAMS = 2_000;
const PAYLOAD_BYTES = 200;
const BATCH_SIZE = 100;
const WARM_UP_MS = 1_000;
const DRAIN_MS = 5_000;

interface OwnTopicLoad {
  readonly eventsPerSec: number;
  readonly durationMs: number;
}

/**
 * Each stream on a topic of its own; batches of events for all of them, at a steady pace. Times count from the moment
 * at which the publisher sends a batch, which is before it is accepted.
 */
export async function runOwnTopics(start: () => Promise<Subject>, load: OwnTopicLoad): Promise<Measurement> {
  return withSubject(start, async (subject, generator) => {
    const fleet = fleetOf(subject, { streams: STREAMS, topics: STREAMS, path: `/v1/stream?topic=${beside.ownTopic}` });
    await generator.ask('open', fleet);
    const plan = {
      target: subject.publishing,
      topic: beside.ownTopic,
      topics: STREAMS,
      payloadBytes: PAYLOAD_BYTES,
      batchSize: BATCH_SIZE,
      channel: 0,
      eventsPerSec: load.eventsPerSec,
      // A topic's next event is twenty batches away: it overtakes none.
      connections: 4,
    };
    const warm = await generator.ask('atPace', { ...plan, durationMs: WARM_UP_MS });
    await generator.ask('reach', { name: fleet.name, received: warm.events, timeoutMs: DRAIN_MS });
    await generator.ask('resetLatency', fleet);
    const { result, cpuSec, notes, ...rest } = await measure(subject, generator, () =>
      generator.ask('atPace', { ...plan, durationMs: load.durationMs }),
    );
    const expected = warm.events + result.events;
    await generator.ask('reach', { name: fleet.name, received: expected, timeoutMs: DRAIN_MS });
    const { latency, received, repeated } = await generator.ask('tally', fleet);
    if (received !== expected || repeated > 0)
      throw new Error(`${received} of ${expected} came, ${repeated} more than once`);
    if (result.late > result.requests / 100)
      notes.push(`${Math.round((100 * result.late) / result.requests)}% of the batches were sent late`);
    return { ...rest, notes, latency, rate: { perCpuSec: result.events / cpuSec, unit: 'deliveries' } };
  });
}

interface OwnTopicOptions {
  readonly name: string;
  readonly title: string;
  readonly eventsPerSec: number;
  readonly onNats?: boolean;
  judge(result: PairResult): Verdict[];
}

const ownTopics = ({ name, title, eventsPerSec, onNats = false, judge }: OwnTopicOptions): Scenario => ({
  name,
  title,
  async run({ quick }: BenchContext): Promise<Row[]> {
    const load = { eventsPerSec, durationMs: quick ? 1_500 : 5_000 };
    const result = await runPairs({
      rounds: 1,
      floor: () => runOwnTopics(() => startFloor({ transport: 'h1' }), load),
      tidings: () => runOwnTopics(() => (onNats ? startEdgeSubject : startHubSubject)({ transport: 'h1' }), load),
    });
    return [{ scenario: name, title, ...result, verdicts: judge(result) }];
  },
});

export const OWN_TOPICS: readonly Scenario[] = [
  ownTopics({
    name: 'own-topics',
    title: '10,000 events/s to 2,000 topics of one stream each',
    eventsPerSec: 10_000,
    judge: ({ latency }) => [atMost('p99 < 10 ms', latency?.p99Ms ?? Number.POSITIVE_INFINITY, 10)],
  }),
  ownTopics({
    name: 'own-topics-nats',
    title: '5,000 events/s to 2,000 topics of one stream each, edge on NATS',
    eventsPerSec: 5_000,
    onNats: true,
    judge: () => [],
  }),
];
