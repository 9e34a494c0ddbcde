import type { Generator } from '../generator/generator.ts';
import { atMost } from '../report/goal.ts';
import type { Row } from '../report/row.ts';
import { medianBy } from '../report/statistics.ts';
import { readMetrics } from '../server/metrics-page.ts';
import type { Subject } from '../server/subject.ts';
import { startHubSubject } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';
import { measure } from './measure.ts';
import { fleetOf, withSubject } from './session.ts';

const READERS = 900;
const SLOW = 100;
const COMMON = { topic: 'bench.all', topics: 1, payloadBytes: 200, batchSize: 1, channel: 0 };
// Large events for the slow ones alone: the kernel takes some megabytes for each connection before any server notices.
const LARGE = { topic: 'bench.slow', topics: 1, payloadBytes: 64_000, batchSize: 1, channel: 1 };
const PACE = { eventsPerSec: 20, connections: 1 };
const WARM_UP_MS = 1_500;
const FILL_MS = 5_000;
const DRAIN_MS = 20_000;
const MB = 1e6;
// Of the 64 MiB that the edge keeps of recent events, and 256 MiB of history, none may grow with the readers: half a
// megabyte each is what a connection may have unsent, several times over.
const MOST_GROWTH_MB = 50;

const NAME = 'slow-readers';
const TITLE = '1,000 streams, 100 of which do not read';

interface SlowRun {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly rssBytes: number;
  readonly generatorShare: number;
  readonly serverShare: number;
  /** Streams for which the server kept no more than their position, at the end. */
  readonly lagging: number;
  /** What the slow ones did not get in the end. */
  readonly missing: number;
  readonly closed: number;
}

/**
 * 900 streams of small events; and, or not, 100 more that also get large ones and do not read. Times of the 900 count
 * from when the kernel has taken what it takes for the others, and the server holds them back.
 */
async function runOnce(withSlow: boolean, durationMs: number): Promise<SlowRun> {
  return withSubject(
    () => startHubSubject({ transport: 'h1' }),
    async (subject: Subject, generator: Generator) => {
      const readers = fleetOf(subject, { name: 'readers', streams: READERS });
      const path = '/v1/stream?topic=bench.all&topic=bench.slow';
      const slow = fleetOf(subject, { name: 'slow', streams: withSlow ? SLOW : 0, path });
      const publish = async (ms: number): Promise<number> => {
        const target = subject.publishing;
        const [common, large] = await Promise.all([
          generator.ask('atPace', { target, ...COMMON, ...PACE, durationMs: ms }),
          generator.ask('atPace', { target, ...LARGE, ...PACE, durationMs: ms }),
        ]);
        return common.events + large.events;
      };
      await generator.ask('open', readers);
      if (withSlow) await generator.ask('open', slow);
      let published = await publish(WARM_UP_MS);
      if (withSlow) await generator.ask('setReading', { name: 'slow', reading: false });
      published += await publish(FILL_MS);
      await generator.ask('resetLatency', readers);
      const { result, ...cost } = await measure(subject, generator, () => publish(durationMs));
      published += result;
      const { latency } = await generator.ask('tally', readers);
      if (latency === undefined) throw new Error('nothing was received');
      const { rssBytes, generatorShare, serverShare } = cost;
      const run = { ...latency, rssBytes, generatorShare, serverShare };
      if (!withSlow) return { ...run, lagging: 0, missing: 0, closed: 0 };
      const lagging = (await readMetrics(subject.process.adminUrl as string)).get('tidings_lagging_sessions') ?? 0;
      await generator.ask('setReading', { name: 'slow', reading: true });
      const expected = published * SLOW;
      await generator.ask('reach', { name: 'slow', received: expected, timeoutMs: DRAIN_MS });
      const { received, lost, repeated, closed } = await generator.ask('tally', slow);
      const missing = Math.max(lost, expected - received + repeated) + repeated;
      return { ...run, lagging, missing, closed };
    },
  );
}

async function run({ quick }: BenchContext): Promise<Row[]> {
  const durationMs = quick ? 2_000 : 5_000;
  const rounds: { without: SlowRun; slow: SlowRun }[] = [];
  for (let round = 0; round < (quick ? 1 : 2); round += 1) {
    rounds.push({ without: await runOnce(false, durationMs), slow: await runOnce(true, durationMs) });
  }
  const ratioOf = ({ without, slow }: (typeof rounds)[number]): number => slow.p99Ms / without.p99Ms;
  const { without, slow } = medianBy(rounds, ratioOf);
  const change = (slow.p99Ms / without.p99Ms - 1) * 100;
  const growthMb = (slow.rssBytes - without.rssBytes) / MB;
  return [
    {
      scenario: NAME,
      title: TITLE,
      figure: `p99 of the others ${change >= 0 ? '+' : ''}${change.toFixed(0)}%`,
      latency: slow,
      rssBytes: slow.rssBytes,
      generatorShare: slow.generatorShare,
      serverShare: slow.serverShare,
      notes: [
        `p99 ${without.p99Ms.toFixed(1)} ms, RSS ${Math.round(without.rssBytes / MB)} MB without them`,
        `${slow.lagging} of ${SLOW} lagged at the end`,
        `the slow ones missed ${slow.missing} events in the end; ${slow.closed} were closed`,
      ],
      verdicts: [
        atMost('p99 of the others moves < 10%', change, 10),
        atMost(`memory grows < ${MOST_GROWTH_MB} MB`, growthMb, MOST_GROWTH_MB),
        atMost('the slow ones get everything', slow.missing, 0),
      ],
    },
  ];
}

export const SLOW_READERS: Scenario = { name: NAME, title: TITLE, run };
