// One event to many streams, again and again: what a broadcast costs, and how late the last stream has it.
import { Events } from 'k6/x/tidings';
import { enter, readUsage, tellMissing, tellUsage } from '../course.ts';
import { course, optionsOf } from '../plan.ts';
import { publishInStep } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const TOPICS = size('TOPICS', 1);
const READERS = Math.max(1, Math.round(size('STREAMS', 1_000) / TOPICS));
const BATCH = size('BATCH', 1);
const DURATION_SEC = size('DURATION', 15);
const WARM_UP_ROUNDS = 20;

export const options = optionsOf({
  maxSec: DURATION_SEC + 180,
  thresholds: {
    'sse_events{phase:measuring}': ['count>0'],
    'sse_event_latency{phase:measuring}': [`p(99)<${size('P99_MS', 1_000)}`],
  },
});

export default course(async () => {
  const streams = streamsOf([topicOf('all.{n}')], { streams: READERS * TOPICS, topics: TOPICS });
  const events = new Events({ topic: topicOf('all.{n}'), topics: TOPICS, payloadBytes: size('PAYLOAD_BYTES', 200) });
  const step = { streams, events, readers: READERS, batch: BATCH };

  enter('opening');
  await streams.open();
  enter('warm');
  await publishInStep({ ...step, rounds: WARM_UP_ROUNDS });

  streams.tag('phase', 'measuring');
  const [before, already] = [readUsage(), streams.counts().events];
  enter('measuring');
  await publishInStep({ ...step, endMs: Date.now() + DURATION_SEC * 1_000 });
  const after = readUsage();
  tellUsage(before, after, streams.counts().events - already);

  enter('draining');
  tellMissing(events.made * READERS, streams.counts().events);
  streams.close();
  enter('done');
});
