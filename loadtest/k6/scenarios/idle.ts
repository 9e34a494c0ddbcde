// Silent streams: what one takes of memory and CPU, and how fast they are opened. Most users are idle most of the time.
import { sleep } from 'k6';
import { Gauge } from 'k6/metrics';
import { Events } from 'k6/x/tidings';
import { enter, ofServers, readUsage, tellMemory, tellMissing, tellUsage } from '../course.ts';
import { course, optionsOf } from '../plan.ts';
import { publishAtPace } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const STREAMS = size('STREAMS', 10_000);
const DURATION_SEC = size('DURATION', 20);
const RECEIVE_MS = 30_000;
const WARM_UP_STREAMS = 500;
const openedPerSec = new Gauge('opened_per_second');

export const options = optionsOf({
  maxSec: DURATION_SEC + 300,
  thresholds: ofServers({ server_bytes_per_stream: [`value<${size('BYTES_PER_STREAM', 16_384)}`] }),
});

export default course(async () => {
  const topic = topicOf('idle.{n}');
  enter('warm');
  // What the first streams make the servers load and compile is none of the others' weight.
  const first = streamsOf([topic], { streams: WARM_UP_STREAMS });
  await first.open();
  first.close();
  const streams = streamsOf([topic], { streams: STREAMS });
  const empty = readUsage();
  const startMs = Date.now();

  enter('opening');
  await streams.open(240_000);
  openedPerSec.add((STREAMS * 1_000) / (Date.now() - startMs));
  const before = readUsage();
  enter('measuring');
  sleep(DURATION_SEC);
  const after = readUsage();
  tellUsage(before, after, 0);
  tellMemory(empty, after, STREAMS);

  enter('draining');
  // Silence must not have been deafness: each gets one event.
  const events = new Events({ topic, topics: STREAMS, payloadBytes: size('PAYLOAD_BYTES', 200) });
  const batch = 100;
  const rate = 5_000;
  while (events.made < STREAMS)
    await publishAtPace({ events, rate, batch, endMs: Date.now() + (batch * 1_000) / rate });
  await streams.received(events.made, RECEIVE_MS);
  tellMissing(events.made, streams.counts().events);
  streams.close();
  enter('done');
});
