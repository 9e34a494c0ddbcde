// One stream in ten stops reading large events: the others must not notice, the servers must not grow, and who reads
// again must have everything.
import { Gauge } from 'k6/metrics';
import { Events } from 'k6/x/tidings';
import { enter, ofServers, readUsage, tellMissing, tellUsage } from '../course.ts';
import { course, optionsOf } from '../plan.ts';
import { publishAtPace } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const STREAMS = size('STREAMS', 1_000);
const SLOW = Math.max(1, Math.round(STREAMS * size('SLOW_SHARE', 0.1)));
const FAST = STREAMS - SLOW;
const RATE = size('RATE', 20);
const LARGE_BYTES = size('LARGE_BYTES', 65_536);
const DURATION_SEC = size('DURATION', 30);
const DRAIN_MS = 120_000;
const OTHERS_WAIT_MS = 10_000;
const moved = new Gauge('others_p99_moved');
const grown = new Gauge('server_grown_bytes');

export const options = optionsOf({
  maxSec: 2 * DURATION_SEC + 300,
  thresholds: {
    others_p99_moved: [`value<${size('P99_MOVED', 1.5)}`],
    ...ofServers({ server_grown_bytes: [`value<${size('GROWN_BYTES', 150_000_000)}`] }),
  },
});

export default course(async () => {
  const [small, large] = [topicOf('small'), topicOf('large')];
  const fast = streamsOf([small], { streams: FAST, topics: 1, tags: { group: 'fast' } });
  const slow = streamsOf([large], { streams: SLOW, topics: 1, tags: { group: 'slow' } });
  const smallEvents = new Events({ topic: small, topics: 1, payloadBytes: size('PAYLOAD_BYTES', 200) });
  const largeEvents = new Events({ topic: large, topics: 1, payloadBytes: LARGE_BYTES });

  enter('opening');
  await Promise.all([fast.open(), slow.open()]);
  const both = async (sec: number): Promise<void> => {
    const endMs = Date.now() + sec * 1_000;
    await Promise.all(
      [smallEvents, largeEvents].map((events) => publishAtPace({ events, rate: RATE, batch: 1, endMs })),
    );
  };

  /** Of the others, while both are published for a while; they must have all of it, and soon. */
  const p99Of = async (sec: number): Promise<number> => {
    await arrive();
    const before = smallEvents.made;
    fast.latency();
    await both(sec);
    await arrive();
    const { count, p99 } = fast.latency();
    if (count < (smallEvents.made - before) * FAST) throw new Error('the others did not get all of their events');
    return p99;
  };
  const arrive = async (): Promise<void> => {
    if (!(await fast.received(smallEvents.made * FAST, OTHERS_WAIT_MS)))
      throw new Error(`the others did not get their events within ${OTHERS_WAIT_MS} ms`);
  };

  enter('warm');
  await both(5);
  const without = await p99Of(DURATION_SEC / 3);
  const before = readUsage();

  enter('measuring');
  slow.pause(1);
  // Until the kernel has taken what it takes for a connection that is not read.
  await both(5);
  const beside = await p99Of(DURATION_SEC);
  const after = readUsage();
  tellUsage(before, after, 0);
  if (before !== undefined && after !== undefined) grown.add(after.rssBytes - before.rssBytes);
  moved.add(beside / without);

  enter('draining');
  slow.resume();
  const [smallDue, largeDue] = [smallEvents.made * FAST, largeEvents.made * SLOW];
  await Promise.all([fast.received(smallDue, DRAIN_MS), slow.received(largeDue, DRAIN_MS)]);
  tellMissing(smallDue + largeDue, fast.counts().events + slow.counts().events);
  fast.close();
  slow.close();
  enter('done');
});
