import { setTimeout as sleep } from 'node:timers/promises';
import { startGenerator } from '../generator/generator.ts';
import { atMost } from '../report/goal.ts';
import type { Row } from '../report/row.ts';
import type { MeasuredProcess } from '../server/measured-process.ts';
import { startCluster, targetOf } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';

const TOPICS = 100;
const PAYLOAD_BYTES = 200;
const EVENTS_PER_SEC = 500;
const EARLIER_STREAMS = 2_000;
const LEAD_MS = 2_000;
const RUN_MS = 6_000;
const DRAIN_MS = 10_000;

const NAME = 'reconnect-storm';
const TITLE = '5,000 clients of an edge that is killed, resuming on another';

/**
 * Two edges; all clients are on one of them, which is killed while events flow. Each comes back to the other with the
 * cursor of its last event, at once and without the delay that a browser would leave. It has caught up when it was told
 * that it is live; what was lost or came twice shows in the numbers of its topic's events.
 */
async function run({ quick }: BenchContext): Promise<Row[]> {
  const streams = quick ? 1_000 : 5_000;
  const cluster = await startCluster(2);
  const generator = startGenerator();
  try {
    const [first, second] = cluster.edges as [MeasuredProcess, MeasuredProcess];
    const name = 'all';
    const fleet = {
      opening: 'hub.live',
      path: '/v1/stream?topic=storm.{n}',
      topics: TOPICS,
      streamsPerConnection: 1,
      connectionsPerSec: 0,
      keepsCursors: true,
    };
    const refuge = await targetOf(second, 'h1');
    // An edge that others flee to has had clients before: its code is compiled.
    await generator.ask('open', { ...fleet, name: 'earlier', target: refuge, streams: EARLIER_STREAMS });
    await generator.ask('close', { name: 'earlier' });
    await generator.ask('open', { ...fleet, name, target: await targetOf(first, 'h1'), streams });
    const publishing = generator.ask('atPace', {
      target: cluster.publishing,
      topic: 'storm.{n}',
      topics: TOPICS,
      payloadBytes: PAYLOAD_BYTES,
      batchSize: 50,
      channel: 0,
      connections: 1,
      eventsPerSec: EVENTS_PER_SEC,
      durationMs: RUN_MS,
    });
    await sleep(LEAD_MS);
    const before = { usage: await second.usage(), clientsSec: await generator.cpuSec() };
    const fleeing = generator.ask('flee', { name, refuge });
    await first.stop();
    const { seconds } = await fleeing;
    const after = { usage: await second.usage(), clientsSec: await generator.cpuSec() };
    const { events } = await publishing;
    const expected = (events * streams) / TOPICS;
    await generator.ask('reach', { name, received: expected, timeoutMs: DRAIN_MS });
    const { received, lost, repeated } = await generator.ask('tally', { name });
    const missing = Math.max(lost, expected - received + repeated);
    const cpuSec = after.usage.cpuSec - before.usage.cpuSec;
    return [
      {
        scenario: NAME,
        title: TITLE,
        figure: `${seconds.toFixed(2)} s; ${missing} lost, ${repeated} repeated`,
        rssBytes: after.usage.rssBytes,
        generatorShare: (after.clientsSec - before.clientsSec) / seconds,
        serverShare: cpuSec / seconds,
        notes: [
          `${streams} clients`,
          `${Math.round(streams / cpuSec)} resumes per CPU-second of the edge`,
          `${expected} events delivered in all`,
        ],
        verdicts: [
          atMost('caught up < 1.5 s', seconds, 1.5),
          atMost('0 lost', missing, 0),
          atMost('0 repeated', repeated, 0),
        ],
      },
    ];
  } finally {
    await generator.stop();
    await cluster.stop();
  }
}

export const STORM: Scenario = { name: NAME, title: TITLE, run };
