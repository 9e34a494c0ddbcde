import { Counter, Gauge } from 'k6/metrics';
import { Events } from 'k6/x/tidings';
import { enter, tellMissing } from './course.ts';
import { publishAtPace } from './publisher.ts';
import { size, streamsOf, topicOf } from './target.ts';

const away = new Gauge('away');
/** Closes that the servers announced, by reason. */
const byes = new Counter('byes');
const DRAIN_MS = 120_000;

/** What a scenario in which edges end says of itself. */
export interface Resuming {
  readonly streams: number;
  readonly durationSec: number;
  /** Milliseconds that a client waits before it comes back; negative: as long as the server asks for, as EventSource does. */
  readonly reconnectDelayMs: number;
  /** All streams begin at the first edge. */
  readonly onFirstEdge?: boolean;
}

/** Thresholds that say: edges did end, and everybody came back. */
export const CAME_BACK = { sse_reconnects: ['count>0'], away: ['value==0'] };

/**
 * Groups of streams with events at a steady rate, while somebody ends the edges. Afterwards everybody must be live again and have every event once.
 * Who was told to come later by a draining edge is waited for.
 */
export async function runResuming({
  streams: wanted,
  durationSec,
  reconnectDelayMs,
  onFirstEdge = false,
}: Resuming): Promise<void> {
  const topics = size('TOPICS', 100);
  const readers = Math.max(1, Math.round(wanted / topics));
  const topic = topicOf('group.{n}');
  const streams = streamsOf([topic], {
    streams: readers * topics,
    topics,
    spread: !onFirstEdge,
    ...(reconnectDelayMs >= 0 && { reconnectDelayMs }),
  });
  const rate = size('RATE', 200);
  const events = new Events({ topic, topics, payloadBytes: size('PAYLOAD_BYTES', 200) });

  enter('opening');
  await streams.open();
  enter('measuring');
  await publishAtPace({ events, rate, batch: size('BATCH', 10), endMs: Date.now() + durationSec * 1_000 });

  enter('draining');
  const expected = events.made * readers;
  await streams.received(expected, DRAIN_MS);
  await streams.settled(DRAIN_MS);
  const { events: came, live, streams: all, byes: told } = streams.counts();
  for (const [reason, count] of Object.entries(told)) byes.add(count, { reason });
  away.add(all - live);
  tellMissing(expected, came);
  streams.close();
  enter('done');
}
