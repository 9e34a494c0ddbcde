import { setTimeout as sleep } from 'node:timers/promises';
import { startGenerator } from '../generator/generator.ts';
import type { Measurement } from '../report/row.ts';
import type { MeasuredProcess } from '../server/measured-process.ts';
import { startCluster, targetOf } from '../server/tidings.ts';

const TOPICS = 100;
const PAYLOAD_BYTES = 200;
const EVENTS_PER_SEC = 500;
const EARLIER_STREAMS = 2_000;
const LEAD_MS = 2_000;
const DRAIN_MS = 10_000;

/** What came of streams that had to go to another edge. */
export interface Move extends Measurement {
  /** When each was live again, in milliseconds from when their edge was told to end. */
  readonly returnsMs: readonly number[];
  readonly lost: number;
  readonly repeated: number;
}

/**
 * Two edges; all clients are on one of them, which is made to end while events flow. Each comes back to the other with the
 * cursor of its last event. What was lost or came twice shows in the numbers of its topic's events.
 * @param runMs for how long events flow.
 */
export async function moveStreams(
  streams: number,
  runMs: number,
  end: (edge: MeasuredProcess) => Promise<unknown>,
): Promise<Move> {
  const cluster = await startCluster(2);
  const generator = startGenerator();
  try {
    const [first, second] = cluster.edges as [MeasuredProcess, MeasuredProcess];
    const name = 'all';
    const fleet = {
      opening: 'hub.live',
      path: '/v1/stream?topic=move.{n}',
      topics: TOPICS,
      streamsPerConnection: 1,
      connectionsPerSec: 0,
      keepsCursors: true,
    };
    const refuge = await targetOf(second, 'h1');
    // An edge that others go to has had clients before: its code is compiled.
    await generator.ask('open', { ...fleet, name: 'earlier', target: refuge, streams: EARLIER_STREAMS });
    await generator.ask('close', { name: 'earlier' });
    await generator.ask('open', { ...fleet, name, target: await targetOf(first, 'h1'), streams });
    const publishing = generator.ask('atPace', {
      target: cluster.publishing,
      topic: 'move.{n}',
      topics: TOPICS,
      payloadBytes: PAYLOAD_BYTES,
      batchSize: 50,
      channel: 0,
      connections: 1,
      eventsPerSec: EVENTS_PER_SEC,
      durationMs: runMs,
    });
    await sleep(LEAD_MS);
    const before = { usage: await second.usage(), clientsSec: await generator.cpuSec() };
    const moving = generator.ask('flee', { name, refuge });
    const ended = end(first);
    const { returnsMs } = await moving;
    const after = { usage: await second.usage(), clientsSec: await generator.cpuSec() };
    await ended;
    const { events } = await publishing;
    const expected = (events * streams) / TOPICS;
    await generator.ask('reach', { name, received: expected, timeoutMs: DRAIN_MS });
    const { received, lost, repeated } = await generator.ask('tally', { name });
    const seconds = Math.max(...returnsMs) / 1e3;
    const cpuSec = after.usage.cpuSec - before.usage.cpuSec;
    return {
      returnsMs,
      lost: Math.max(lost, expected - received + repeated),
      repeated,
      rssBytes: after.usage.rssBytes,
      generatorShare: (after.clientsSec - before.clientsSec) / seconds,
      serverShare: cpuSec / seconds,
      notes: [
        `${streams} clients`,
        `${Math.round(streams / cpuSec)} resumes per CPU-second of the edge`,
        `${expected} events delivered in all`,
      ],
    };
  } finally {
    await generator.stop();
    await cluster.stop();
  }
}
