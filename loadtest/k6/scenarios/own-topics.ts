// Each stream has a topic of its own, and events for all of them come at a steady rate: notifications, and answers of a model.
import { Events } from 'k6/x/tidings';
import { enter, readUsage, tellMissing, tellUsage } from '../course.ts';
import { course, optionsOf } from '../plan.ts';
import { publishAtPace } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const STREAMS = size('STREAMS', 2_000);
const BATCH = size('BATCH', 100);
const RATE = size('RATE', 5_000);
const DURATION_SEC = size('DURATION', 15);
const WARM_UP_SEC = 2;
const DRAIN_MS = 30_000;
/** A topic's next event is many requests away: none overtakes the one before. */
const CONNECTIONS = Math.max(1, Math.min(4, Math.floor(STREAMS / BATCH / 4)));

export const options = optionsOf({
  maxSec: DURATION_SEC + 180,
  thresholds: {
    'sse_events{phase:measuring}': ['count>0'],
    'sse_event_latency{phase:measuring}': [`p(99)<${size('P99_MS', 500)}`],
  },
});

export default course(async () => {
  const topic = topicOf('own.{n}');
  const streams = streamsOf([topic], { streams: STREAMS });
  const events = new Events({ topic, topics: STREAMS, payloadBytes: size('PAYLOAD_BYTES', 200) });
  const pace = { events, rate: RATE, batch: BATCH, connections: CONNECTIONS };

  enter('opening');
  await streams.open();
  enter('warm');
  await publishAtPace({ ...pace, endMs: Date.now() + WARM_UP_SEC * 1_000 });
  await streams.received(events.made, DRAIN_MS);

  streams.tag('phase', 'measuring');
  const [before, already] = [readUsage(), events.made];
  enter('measuring');
  await publishAtPace({ ...pace, endMs: Date.now() + DURATION_SEC * 1_000 });
  await streams.received(events.made, DRAIN_MS);
  tellUsage(before, readUsage(), events.made - already);

  enter('draining');
  tellMissing(events.made, streams.counts().events);
  streams.close();
  enter('done');
});
