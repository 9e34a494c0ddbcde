// Hours of an ordinary load: does memory grow, do latencies drift, does anything get lost?
import { Gauge } from 'k6/metrics';
import { Events, type Streams } from 'k6/x/tidings';
import { enter, ofServers, readUsage, tellMissing, tellUsage } from '../course.ts';
import { delay } from '../delay.ts';
import { course, optionsOf } from '../plan.ts';
import { publishAtPace } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const STREAMS = size('STREAMS', 5_000);
const TOPICS = size('TOPICS', 100);
const READERS = Math.max(1, Math.round(STREAMS / TOPICS));
const RATE = size('RATE', 100);
const DURATION_SEC = size('DURATION', 600);
const CUT_EVERY_MS = 10_000;
const CUT_SHARE = 0.02;
const DRAIN_MS = 60_000;
const growth = new Gauge('server_growth_percent');

export const options = optionsOf({
  maxSec: DURATION_SEC + 300,
  thresholds: {
    sse_event_latency: [`p(99)<${size('P99_MS', 1_000)}`],
    sse_reconnects: ['count>0'],
    ...ofServers({ server_growth_percent: [`value<${size('GROWTH_PERCENT', 10)}`] }),
  },
});

export default course(async () => {
  const topic = topicOf('soak.{n}');
  const streams = streamsOf([topic], { streams: READERS * TOPICS, topics: TOPICS });
  const events = new Events({ topic, topics: TOPICS, payloadBytes: size('PAYLOAD_BYTES', 200) });
  const pace = { events, rate: RATE, batch: size('BATCH', 10) };
  const startMs = Date.now();

  enter('opening');
  await streams.open();
  enter('warm');
  // What grows at first are caches and the ring, which are bounded.
  await publishAtPace({ ...pace, endMs: startMs + (DURATION_SEC * 1_000) / 3 });
  const before = readUsage();
  const already = streams.counts().events;
  enter('measuring');
  const endMs = startMs + DURATION_SEC * 1_000;
  await Promise.all([publishAtPace({ ...pace, endMs }), cutNowAndThen(streams, endMs)]);

  enter('draining');
  const expected = events.made * READERS;
  await streams.received(expected, DRAIN_MS);
  const after = readUsage();
  tellUsage(before, after, streams.counts().events - already);
  if (before !== undefined && after !== undefined)
    growth.add((100 * (after.rssBytes - before.rssBytes)) / before.rssBytes);
  tellMissing(expected, streams.counts().events);
  streams.close();
  enter('done');
});

/** Networks break: some streams come back with their cursor all the time. */
async function cutNowAndThen(streams: Streams, endMs: number): Promise<void> {
  while (Date.now() + CUT_EVERY_MS < endMs) {
    await delay(CUT_EVERY_MS);
    streams.cut(CUT_SHARE);
  }
}
