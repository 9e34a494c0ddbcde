// Does everything work together? Both protocols, many topics, a reconnect with a cursor, in some 20 seconds.
import { check } from 'k6';
import { Events } from 'k6/x/tidings';
import { enter, tellMissing } from '../course.ts';
import { course, optionsOf } from '../plan.ts';
import { publishAtPace } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const STREAMS = size('STREAMS', 200);
const TOPICS = 20;
const READERS = Math.max(1, Math.round(STREAMS / 2 / TOPICS));
const RATE = size('RATE', 100);
const DURATION_SEC = size('DURATION', 10);
const DRAIN_MS = 20_000;
const OPEN_MS = 20_000;

export const options = optionsOf({
  maxSec: DURATION_SEC + 60,
  thresholds: { sse_event_latency: ['p(95)<2000'], checks: ['rate==1'], sse_reconnects: ['count>0'] },
});

export default course(async () => {
  const topic = topicOf('smoke.{n}');
  const group = { streams: READERS * TOPICS, topics: TOPICS, reconnectDelayMs: 500 };
  const both = [streamsOf([topic], { ...group, http: 'h1' }), streamsOf([topic], { ...group, http: 'h2' })];
  const events = new Events({ topic, topics: TOPICS, payloadBytes: size('PAYLOAD_BYTES', 200) });

  enter('opening');
  await Promise.all(both.map((streams) => streams.open(OPEN_MS)));
  enter('measuring');
  const pace = { events, rate: RATE, batch: 2 };
  await publishAtPace({ ...pace, endMs: Date.now() + (DURATION_SEC * 1_000) / 2 });
  const cut = both.map((streams) => streams.cut(0.5));
  await publishAtPace({ ...pace, endMs: Date.now() + (DURATION_SEC * 1_000) / 2 });

  enter('draining');
  const expected = events.made * READERS;
  await Promise.all(both.map((streams) => streams.received(expected, DRAIN_MS)));
  const counts = both.map((streams) => streams.counts());
  check(counts, {
    'each stream that was cut has come back': () =>
      counts.every(({ returned }, index) => returned >= (cut[index] as number)),
    'all are live': () => counts.every(({ live }) => live === READERS * TOPICS),
  });
  tellMissing(
    expected * both.length,
    counts.reduce((sum, { events: came }) => sum + came, 0),
  );
  for (const streams of both) streams.close();
  enter('done');
});
